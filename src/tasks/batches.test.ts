import { describe, expect, it } from "vitest";
import { batches } from "./batches.js";

async function all(items: unknown, size: number) {
  const groups = [];
  for await (const group of batches(items as Iterable<unknown>, size)) groups.push(group.map(({ item }) => item));
  return groups;
}

describe("batches", () => {
  it("groups lists, sets and streams, the last group smaller", async () => {
    async function* stream() {
      yield* "abc";
    }
    const groups = [["a", "b"], ["c"]];
    for (const items of [["a", "b", "c"], new Set("abc"), stream()]) expect(await all(items, 2)).toEqual(groups);
    expect(await all([], 2)).toEqual([]);
  });

  it("asks for no item before its group's turn, and numbers them through", async () => {
    const asked: number[] = [];
    function* items() {
      for (let i = 0; i < 5; i++) {
        asked.push(i);
        yield i;
      }
    }
    const found = batches(items(), 2);
    await found.next();
    expect(asked).toEqual([0, 1]);
    expect((await found.next()).value).toEqual([
      { index: 2, item: 2 },
      { index: 3, item: 3 },
    ]);
    await found.return(undefined);
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [5, "number"],
    ["photo.jpg", "string"],
    [{ data: new Uint8Array(3), width: 1, height: 1 }, "one picture"],
    [new Uint8Array(9), "one picture"],
  ])("refuses %j, which is no list", async (items, found) => {
    await expect(all(items, 2)).rejects.toMatchObject({ code: "input/list" });
    await expect(all(items, 2)).rejects.toThrow(`found ${found}`);
  });
});
