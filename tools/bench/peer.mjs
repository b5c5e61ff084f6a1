// The benchmark's side of a peer: a process that runs forward passes when it is told to.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Peer {
  times = [];
  peakMegabytes = 0;

  /** Starts the process and waits for its first result. A peer that fails has `error` and runs nothing. */
  static async start({ name, command, args: [script, options], env, rounds = Number.POSITIVE_INFINITY }, folder) {
    const peer = new Peer();
    Object.assign(peer, { name, roundsLeft: rounds });
    const start = performance.now();
    peer.process = spawn(command, [script, JSON.stringify(options)], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    peer.process.stdin.on("error", () => {}); // it ended: its error is what is told
    peer.process.on("error", () => {});
    let noise = "";
    peer.process.stderr.on("data", (part) => {
      noise = (noise + part).slice(-2000);
    });
    peer.lines = messages(peer.process);
    const { value } = await peer.lines.next();
    peer.error = value ? value.error : (noise.trim().split("\n").at(-1) ?? "ended");
    peer.facts = value?.ready;
    peer.firstMilliseconds = performance.now() - start;
    return peer;
  }

  async run(passes) {
    if (this.error || this.roundsLeft <= 0) return;
    this.roundsLeft--;
    this.process.stdin.write(`${passes}\n`);
    const { value } = await this.lines.next();
    if (!value?.times) {
      this.error = value?.error ?? "ended";
      return;
    }
    this.times.push(...value.times);
    this.peakMegabytes = value.peakMegabytes;
  }

  /** Ends the process and gives what it did. */
  async end() {
    const ended = new Promise((resolve) => this.process.once("close", resolve));
    this.process.stdin.end();
    if (this.process.exitCode === null && this.process.pid) await ended;
    const sorted = this.times.toSorted?.((a, b) => a - b) ?? [...this.times].sort((a, b) => a - b);
    return {
      name: this.name,
      ...(this.error ? { error: this.error } : { least: sorted[0], median: sorted[sorted.length >> 1] }),
      passes: sorted.length,
      firstMilliseconds: this.firstMilliseconds,
      peakMegabytes: this.peakMegabytes,
      facts: this.facts,
    };
  }
}

async function* messages({ stdout }) {
  for await (const line of createInterface({ input: stdout }))
    if (line.startsWith("@bench ")) yield JSON.parse(line.slice("@bench ".length));
}
