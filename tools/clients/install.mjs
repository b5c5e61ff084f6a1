// Makes `.cache/clients` (ignored by git): the official clients that the server is tested with. Without it those tests are skipped. 30 MB of disk.
//
//   node tools/clients/install.mjs
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** openai 7 needs Node 22. */
const CLIENTS = ["@huggingface/inference@4.13.30", "openai@6.30.1"];

const folder = join(import.meta.dirname, "../../.cache/clients");
const done = join(folder, "installed.json");
const wanted = JSON.stringify(CLIENTS);

if (existsSync(done) && readFileSync(done, "utf8") === wanted) process.exit(0);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
const options = ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
execFileSync("npm", [...options, ...CLIENTS], {
  cwd: folder,
  stdio: ["ignore", 2, 2],
  shell: process.platform === "win32",
});
writeFileSync(done, wanted);
