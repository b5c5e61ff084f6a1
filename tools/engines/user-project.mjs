// A folder as a user of vitrail has it: vitrail installed from its package, optional engines beside it. Below `.cache/engines`, reused.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Runs a command, its output on standard error. */
export function run(command, args, options = {}) {
  execFileSync(command, args, { stdio: ["ignore", 2, 2], ...options });
}

/**
 * Builds vitrail and installs it with `peers` into `.cache/engines/<name>`, install scripts off.
 *
 * @returns the folder
 */
export function userProject(name, peers) {
  const folder = join(root, ".cache/engines", name);
  mkdirSync(folder, { recursive: true });
  run(process.execPath, [join(root, "tools/ready.mjs"), "dist"]);
  for (const file of readdirSync(folder)) if (file.endsWith(".tgz")) rmSync(join(folder, file));
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const packed = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  // Another name each time: npm keeps what it installed from a file of the same name.
  const tarball = `vitrail-${Date.now()}.tgz`;
  renameSync(join(folder, packed), join(folder, tarball));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: `vitrail-on-${name}`, private: true, type: "module" }),
  );
  run(
    "npm",
    ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", `./${tarball}`, ...peers],
    {
      cwd: folder,
    },
  );
  return folder;
}
