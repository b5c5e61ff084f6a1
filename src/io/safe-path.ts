/** Whether a path from a file that may be hostile is plainly one below the folder it is relative to, spelled alike on every system. */
export function isSafePath(path: string): boolean {
  return (
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
    ![...path].some((letter) => letter < " " || '\\:*?"<>|\x7f'.includes(letter))
  );
}
