// Makes `.cache/servers` (ignored by git): the database servers that the tests of `vitrail/search` run on for real, out of PyPI, and their clients out of npm.
// Without it those tests are skipped. Needs Python 3.10 or newer; 500 MB of disk.
//
//   node tools/servers/install.mjs
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/**
 * pgserver carries PostgreSQL with pgvector, milvus-lite Milvus in one process; pyarrow, DuckDB and safetensors read what vitrail writes, huggingface_hub shares
 * its cache.
 */
const PYTHON = [
  ...["pgserver==0.1.4", "milvus-lite==3.2.2", "pymilvus>=2.6,<4", "pyarrow==26.0.1", "safetensors==0.8.0"],
  ...["huggingface_hub==2.4.0", "duckdb==1.4.2"],
];
const CLIENTS = ["pg@8.23.1", "@zilliz/milvus2-sdk-node@3.0.6"];

const folder = join(import.meta.dirname, "../../.cache/servers");
const isWindows = process.platform === "win32";
const python = join(folder, "python", isWindows ? "Scripts/python.exe" : "bin/python");
const done = join(folder, "installed.json");
const wanted = JSON.stringify({ PYTHON, CLIENTS });

if (existsSync(done) && readFileSync(done, "utf8") === wanted) process.exit(0);
mkdirSync(folder, { recursive: true });
const run = (command, args) =>
  execFileSync(command, args, { cwd: folder, stdio: ["ignore", 2, 2], shell: isWindows && command === "npm" });
run(process.env.PYTHON ?? "python3", ["-m", "venv", "python"]);
run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PYTHON]);
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
run("npm", ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", ...CLIENTS]);
writeFileSync(done, wanted);
