import { spawnSync } from "node:child_process";

/** Processes and files that a container may have: fewer than a machine's own limits, which podman would else try to raise. */
const LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

/** Runs a program to its end. @throws Error with what it printed, where it fails and may not */
export function run(command, args, { mayFail = false, ...options } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (!mayFail && (error || status !== 0))
    throw new Error(`${command} ${args[0]}: ${error?.message ?? ""}${stdout ?? ""}${stderr ?? ""}`.trim());
  return { status, stdout: stdout?.trim() ?? "", stderr: stderr?.trim() ?? "" };
}

/** Runs an image. @returns what it printed, without podman's words on a machine without systemd */
export const runImage = (args, options) => {
  const { stdout } = run("podman", ["--runtime", "runc", "run", "--rm", ...LIMITS, ...args], options);
  return stdout;
};

/** A container in the background. */
export class Container {
  constructor(args) {
    const { stdout } = run("podman", ["--runtime", "runc", "run", "--detach", ...LIMITS, ...args]);
    this.id = stdout;
  }

  /** What a program in it prints. */
  exec(...words) {
    return run("podman", ["--runtime", "runc", "exec", this.id, ...words]).stdout;
  }

  /** Whether its own health check passes. */
  isHealthy() {
    return run("podman", ["--runtime", "runc", "healthcheck", "run", this.id], { mayFail: true }).status === 0;
  }

  /** What it has said on standard error. */
  said() {
    return run("podman", ["logs", this.id]).stderr;
  }

  /** Waits until it has said a line like this. @returns the match */
  async saying(pattern) {
    return await eventually(() => pattern.exec(this.said()));
  }

  /** Asks it to stop, without waiting. */
  terminate() {
    run("podman", ["kill", "--signal", "TERM", this.id]);
  }

  /** Its exit code, or undefined while it runs. */
  exitCode() {
    const [status, code] = run("podman", ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", this.id])
      .stdout.split("\n")[0]
      .split(" ");
    return status === "exited" ? Number(code) : undefined;
  }

  remove() {
    run("podman", ["rm", "--force", "--time", "0", this.id], { mayFail: true });
  }
}

/** Asks until there is an answer, for 20 s at most. */
export async function eventually(ask) {
  for (const start = performance.now(); ; ) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() - start > 20_000) throw new Error("nothing happened within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
