// Installs Debian's Chromium for the test of the server's page, where there is none. Needs the right to install packages. Without it that test is skipped.
//
//   node tools/browser/install.mjs
import { execFileSync, spawnSync } from "node:child_process";

if (spawnSync("chromium", ["--version"]).status !== 0) {
  const stdio = ["ignore", 2, 2];
  execFileSync("apt-get", ["update", "-qq"], { stdio });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { stdio });
}
