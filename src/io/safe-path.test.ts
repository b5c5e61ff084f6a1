import { describe, expect, it } from "vitest";
import { isSafePath } from "./safe-path.js";

describe("isSafePath", () => {
  it.each(["model.safetensors", "a/b.safetensors", "ä b.json", ".hidden", "a..b"])("takes %s", (path) => {
    expect(isSafePath(path)).toBe(true);
  });
  it.each(["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a\\b", "C:a", "a\0", "a\nb", "a?", "a*", '"a"'])(
    "refuses %j",
    (path) => {
      expect(isSafePath(path)).toBe(false);
    },
  );
});
