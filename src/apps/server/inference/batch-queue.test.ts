import { expect, it } from "vitest";
import { BatchQueue } from "./batch-queue.js";

const until = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("starts a lone item at once, and batches what comes meanwhile up to the most", async () => {
  const batches: number[][] = [];
  const queue = new BatchQueue<number, number>(async (items) => {
    batches.push([...items]);
    await until(5);
    return items.map((item) => item * 10);
  }, 3);
  const first = queue.add(1);
  await until(1);
  const rest = [2, 3, 4, 5].map((item) => queue.add(item));
  expect(queue.length).toBe(4);
  expect(await Promise.all([first, ...rest])).toEqual([10, 20, 30, 40, 50]);
  expect(batches).toEqual([[1], [2, 3, 4], [5]]);
});

it("joins what comes in one turn of the event loop", async () => {
  const sizes: number[] = [];
  const queue = new BatchQueue<number, number>(async (items) => {
    sizes.push(items.length);
    return items;
  }, 8);
  await Promise.all([1, 2, 3].map((item) => queue.add(item)));
  expect(sizes).toEqual([3]);
});

it("fails a batch's items with its error, and goes on with the next", async () => {
  const queue = new BatchQueue<number, number>(async (items) => {
    if (items.includes(1)) throw new Error("broken");
    return items;
  }, 2);
  const [one, two, three] = [1, 2, 3].map((item) => queue.add(item).catch((error: Error) => error.message));
  expect(await Promise.all([one, two, three])).toEqual(["broken", "broken", 3]);
});

it("never runs what was aborted while it waited", async () => {
  const ran: number[] = [];
  const queue = new BatchQueue<number, number>(async (items) => {
    ran.push(...items);
    await until(5);
    return items;
  }, 1);
  const gone = new AbortController();
  const first = queue.add(1);
  const second = queue.add(2, gone.signal);
  const third = queue.add(3);
  await until(1);
  gone.abort("left");
  await expect(second).rejects.toBe("left");
  await Promise.all([first, third]);
  expect(ran).toEqual([1, 3]);
  await expect(queue.add(4, gone.signal)).rejects.toBe("left");
});

it("gives 10,000 items their own results, whatever the batches", async () => {
  const queue = new BatchQueue<number, number>(async (items) => {
    if (items.length % 3 === 0) await until(0);
    return items.map((item) => -item);
  }, 8);
  const results = await Promise.all(
    Array.from({ length: 10_000 }, async (_, i) => {
      if (i % 7 === 0) await Promise.resolve();
      return queue.add(i);
    }),
  );
  expect(results.every((result, i) => result === -i)).toBe(true);
});
