import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../../..");
const INSTALLED = join(ROOT, ".cache/servers");

/** Why tests on real servers are left out, as a part of their title; undefined where they can run. */
export const whyNoServers = existsSync(join(INSTALLED, "installed.json"))
  ? undefined
  : "left out: run `node tools/servers/install.mjs` to have them";

/** A package of `.cache/servers`: what users install themselves. */
export const clientPackage = createRequire(join(INSTALLED, "package.json"));

/** Python with the servers' packages. */
export const SERVERS_PYTHON = join(
  INSTALLED,
  "python",
  process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
);

/** Starts a server of PyPI's with no data, in a process of its own. */
export async function startServer(kind: "postgres" | "milvus"): Promise<{ address: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), `vitrail-${kind}-`));
  const child = spawn(SERVERS_PYTHON, [join(ROOT, "tools/servers/serve.py"), kind, join(folder, "data")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for await (const address of createInterface({ input: child.stdout }))
    return {
      address,
      async stop() {
        child.stdin.end();
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  throw new Error(`the ${kind} server ended before it said its address`);
}
