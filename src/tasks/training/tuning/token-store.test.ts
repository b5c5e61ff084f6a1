import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenStore } from "./token-store.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-store-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tokens = (first: number) => Float32Array.of(first, 2, 3, 4);
function read(store: TokenStore, key: string): Float32Array {
  const target = new Float32Array(4);
  store.read(store.get(key)!, target);
  return target;
}

describe("TokenStore", () => {
  it("keeps no more in memory than it may, and the rest in temporary files that go with it", async () => {
    const store = await TokenStore.open(undefined, "", 4, 40);
    for (const i of [0, 1, 2, 3]) store.add(`${i}`, tokens(i));
    const kept = [0, 1, 2, 3].map((i) => store.get(`${i}`)!);
    expect(kept.map(({ values }) => values !== undefined)).toEqual([true, true, false, false]);
    for (const i of [0, 1, 2, 3]) expect(read(store, `${i}`)).toEqual(tokens(i));
    store.dispose();
    expect(() => store.read(kept[2]!, new Float32Array(4))).toThrow(
      expect.objectContaining({ code: "training/cache" }),
    );
  });

  it("finds in its folder what an earlier one kept there, and nothing of another model's", async () => {
    const first = await TokenStore.open(folder, "one", 4);
    first.add("a", tokens(7));
    first.dispose();
    expect(read(await TokenStore.open(folder, "one", 4), "a")).toEqual(tokens(7));
    expect(read(await TokenStore.open(folder, "one", 4, 0), "a")).toEqual(tokens(7));
    expect((await TokenStore.open(folder, "other", 4)).get("a")).toBeUndefined();
  });

  it.each([
    ["cut", (path: string) => truncateSync(path, 40)],
    ["changed", (path: string) => writeFileSync(path, new Uint8Array(48))],
  ])("does not know tokens whose file was %s", async (kind, damage) => {
    const own = join(folder, kind);
    (await TokenStore.open(own, "", 4)).add("a", tokens(1));
    const [parent] = readdirSync(own);
    const [file] = readdirSync(join(own, parent!));
    damage(join(own, parent!, file!));
    expect((await TokenStore.open(own, "", 4)).get("a")).toBeUndefined();
  });

  it("says so where its folder can't be made", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expect(TokenStore.open(file, "", 4)).rejects.toMatchObject({ code: "training/cache" });
  });
});
