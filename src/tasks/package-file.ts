import { existsSync } from "node:fs";

/**
 * A file that ships in this package, from wherever this code runs: `src/` in a clone, `dist/` once built.
 *
 * @param path from the package's root
 */
export function packageFile(path: string): URL {
  let folder = new URL("./", import.meta.url);
  while (!existsSync(new URL("package.json", folder)) && folder.pathname !== "/") folder = new URL("../", folder);
  return new URL(path, folder);
}
