// Makes a fresh clone ready: installs what package-lock.json names when node_modules is missing or older; with "dist", builds too.
// Plain JavaScript without dependencies, since it runs before anything is installed.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modified = (path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);
const newestBelow = (path) =>
  Math.max(
    0,
    ...readdirSync(join(root, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  );
const npm = (...args) =>
  execFileSync("npm", args, { cwd: root, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });

// npm writes this file at the end of each install.
if (modified("node_modules/.package-lock.json") < modified("package-lock.json")) {
  console.error("installing dependencies …");
  // Not `npm ci`: it refuses a lock file that lacks other platforms' optional packages. `--no-save` keeps the lock as it is.
  npm("install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund");
}
if (
  process.argv.includes("dist") &&
  modified("dist/index.js") < Math.max(newestBelow("src"), modified("package.json"))
) {
  console.error("building …");
  execFileSync(process.execPath, [join(root, "node_modules/tsup/dist/cli-default.js"), "--silent"], {
    cwd: root,
    stdio: "inherit",
  });
}
