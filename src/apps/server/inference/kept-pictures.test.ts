import { afterEach, expect, it, vi } from "vitest";
import { KeptPictures } from "./kept-pictures.js";

const picture = (bytes: number) => ({ bytes: new Uint8Array(bytes), analysis: { width: 1, height: 1, faces: [] } });
afterEach(() => vi.useRealTimers());

it("keeps no more bytes than told: the oldest go first", () => {
  const kept = new KeptPictures(100, 1_000);
  for (const [id, bytes] of [["a", 40], ["b", 40], ["c", 60]] as const) kept.keep(id, picture(bytes)); // biome-ignore format: a table
  expect(["a", "b", "c"].map((id) => kept.get(id)?.bytes.length)).toEqual([undefined, 40, 60]);
  kept.keep("b", picture(10));
  kept.keep("d", picture(30));
  expect(["b", "c", "d"].map((id) => kept.get(id)?.bytes.length)).toEqual([10, 60, 30]);
  kept.keep("e", picture(101));
  expect(["b", "c", "d", "e"].map((id) => kept.get(id))).toEqual([undefined, undefined, undefined, undefined]);
});

it("forgets a picture after its time, and all when cleared", () => {
  vi.useFakeTimers();
  const kept = new KeptPictures(100, 1_000);
  kept.keep("a", picture(1));
  vi.advanceTimersByTime(900);
  kept.keep("b", picture(1));
  vi.advanceTimersByTime(200);
  expect([kept.get("a"), kept.get("b")?.bytes.length]).toEqual([undefined, 1]);
  kept.clear();
  expect(kept.get("b")).toBeUndefined();
});
