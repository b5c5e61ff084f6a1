import { dirname, relative, sep } from "node:path";

/** The innermost folder that holds all files, of absolute paths. */
export function commonFolder(files: readonly string[]): string {
  return files
    .map((file) => dirname(file))
    .reduce((folder, other) => {
      while (!isInside(other, folder)) folder = dirname(folder);
      return folder;
    });
}

/** From a folder to a file in it, with slashes. */
export function pathWithin(folder: string, file: string): string {
  return relative(folder, file).split(sep).join("/");
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return dirname(folder) === folder || (way !== ".." && !way.startsWith(`..${sep}`));
}
