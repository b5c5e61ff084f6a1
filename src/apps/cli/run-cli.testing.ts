import { runCli } from "./program.js";
import type { Terminal } from "./terminal.js";

/** Runs the command line as a process would, and keeps what it prints. */
export async function runForTest(argv: string[], { stdin, signal }: { stdin?: Uint8Array; signal?: AbortSignal } = {}) {
  const out: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    progress: () => ({ update() {}, end() {} }),
    readStdin: async () => stdin ?? new Uint8Array(0),
    signal: signal ?? new AbortController().signal,
  };
  const code = await runCli(argv, terminal, "1.2.3");
  return { code, out: out.join("\n"), notes: notes.join("\n"), json: () => JSON.parse(out.join("\n")) };
}
