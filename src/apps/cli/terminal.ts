import ora, { type Ora } from "ora";

/** Where a command reads and writes. Data goes to `out`, all else to `note`. */
export interface Terminal {
  /** Writes a line to standard output. */
  out(line: string): void;
  /** Writes a line to standard error. */
  note(line: string): void;
  /** A line on standard error that tells how far long work is; shows nothing where no person watches. */
  progress(text: string): Progress;
  readStdin(): Promise<Uint8Array>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Progress {
  update(text: string): void;
  end(): void;
}

/** The real terminal of this process. */
export function processTerminal({ quiet = false }: { quiet?: boolean } = {}): Terminal {
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort(new Error("interrupted")));
  // A reader that went away (`vitrail … | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => {
      if (!quiet) process.stderr.write(`${line}\n`);
    },
    progress(text) {
      const isWatched = process.stderr.isTTY && !quiet;
      // Ora would print its text once where it can't animate; scripts want silence there.
      const spinner: Ora | undefined = isWatched
        ? ora({ text, stream: process.stderr, discardStdin: false }).start()
        : undefined;
      return {
        update: (next) => {
          if (spinner) spinner.text = next;
        },
        end: () => void spinner?.stop(),
      };
    },
    readStdin,
    signal: interrupt.signal,
  };
}

async function readStdin(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
