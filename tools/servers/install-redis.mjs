// Installs Debian's Redis for the tests of `vitrail batch --queue`, where there is none. Needs the right to install packages. Without it those tests are skipped.
//
//   node tools/servers/install-redis.mjs
import { execFileSync, spawnSync } from "node:child_process";

if (spawnSync("redis-server", ["--version"]).status !== 0) {
  const stdio = ["ignore", 2, 2];
  execFileSync("apt-get", ["update", "-qq"], { stdio });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "redis-server"], { stdio });
}
