import { describe, expect, it } from "vitest";
import { inParallel } from "./in-parallel.js";
import { sleep } from "./with-retries.js";

describe("inParallel", () => {
  it("does everything once, at most so many at a time", async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await inParallel([5, 1, 4, 2, 3], { width: 2 }, async (item) => {
      most = Math.max(most, ++running);
      await sleep(item);
      done.push(item);
      running--;
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
    await inParallel([], { width: 2 }, async () => expect.unreachable());
  });

  it("aborts the rest after the first failure, begins nothing new, and throws that failure", async () => {
    const begun: string[] = [];
    const work = inParallel(["slow", "bad", "never"], { width: 2 }, async (item, signal) => {
      begun.push(item);
      if (item === "bad") throw new Error("first");
      await sleep(60_000, signal);
    });
    await expect(work).rejects.toThrow("first");
    expect(begun).toEqual(["slow", "bad"]);
  });

  it("ends with the reason of the caller's signal, before and while it works", async () => {
    const controller = new AbortController();
    const work = inParallel([1, 2], { width: 1, signal: controller.signal }, (_item, signal) => sleep(60_000, signal));
    controller.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    const again = inParallel([1], { width: 1, signal: controller.signal }, async () => expect.unreachable());
    await expect(again).rejects.toThrow("enough");
  });
});
