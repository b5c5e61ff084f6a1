import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

/** A server in a process of its own, as `vitrail serve` starts it. */
export class ServerProcess {
  /** The JSON lines that it has logged. */
  readonly log: { requestId?: string; status?: number; msg: string }[] = [];
  /** Its exit code once it has ended. */
  readonly ended: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readLog: AsyncIterable<string>,
  ) {
    this.ended = new Promise((resolve) => child.once("close", resolve));
    void (async () => {
      for await (const line of readLog) this.log.push(JSON.parse(line));
    })();
  }

  /** Starts it on a free port of this machine, and waits until it listens. */
  static async start(cli: string, args: readonly string[], nodeArgs: readonly string[] = []): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...nodeArgs, cli, "serve", "--port", "0", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines = createInterface({ input: child.stdout! });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr! })) {
      said.push(line);
      const [, url] = /^listening on (\S+)$/.exec(line) ?? [];
      if (url) {
        child.stderr!.resume();
        return new ServerProcess(child, url, lines);
      }
    }
    throw new Error(`The server did not start: ${said.join("\n")}`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resident memory in megabytes. Linux only; NaN elsewhere. */
  residentMb(): number {
    return this.statusMb("VmRSS");
  }

  /** Most resident memory since `forgetPeak`, in megabytes. Linux only; NaN elsewhere. */
  peakMb(): number {
    return this.statusMb("VmHWM");
  }

  forgetPeak(): void {
    try {
      writeFileSync(`/proc/${this.child.pid}/clear_refs`, "5");
    } catch {
      // Elsewhere than on Linux there is no peak to forget.
    }
  }

  /** Files and sockets that it has open. Linux only; NaN elsewhere. */
  openFiles(): number {
    try {
      return readdirSync(`/proc/${this.child.pid}/fd`).length;
    } catch {
      return Number.NaN;
    }
  }

  private statusMb(field: string): number {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
      return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  /** Processor time of all its threads so far, in milliseconds. Linux only; NaN elsewhere. */
  processorMs(): number {
    try {
      // After the name, which may have spaces: user and system time are the 12th and 13th, in hundredths of a second.
      const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return 10 * (Number(fields[11]) + Number(fields[12]));
    } catch {
      return Number.NaN;
    }
  }

  async stop(): Promise<number | null> {
    this.signal("SIGTERM");
    return this.ended;
  }
}
