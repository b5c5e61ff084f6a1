import { expect, it } from "vitest";
import { Gate } from "./gate.js";

it("lets so many in at a time, in their order", async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  const leaves = [1, 2, 3, 4].map(async (i) => {
    const leave = await gate.enter();
    entered.push(i);
    return leave;
  });
  const [first] = await Promise.all(leaves.slice(0, 2));
  expect(entered).toEqual([1, 2]);
  first!();
  await leaves[2];
  expect(entered).toEqual([1, 2, 3]);
});

it("gives no place to who gave up waiting", async () => {
  const gate = new Gate(1);
  const leave = await gate.enter();
  const gone = new AbortController();
  const second = gate.enter(gone.signal);
  const third = gate.enter();
  gone.abort("left");
  await expect(second).rejects.toBe("left");
  leave();
  (await third)();
  (await gate.enter())();
});
