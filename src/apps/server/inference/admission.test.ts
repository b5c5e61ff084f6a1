import { expect, it, vi } from "vitest";
import { Admission } from "./admission.js";

it("lets in as many as fit and says to the rest when to come again, 1 to 60 s", () => {
  const admission = new Admission(3);
  admission.measured(100, 1);
  const leave = admission.enter(2);
  expect(() => admission.enter(2)).toThrowError(expect.objectContaining({ code: "server/overloaded" }));
  expect(admission.pending).toBe(2);
  let retryAfter = 0;
  try {
    admission.enter(2);
  } catch (error) {
    retryAfter = (error as { details: { retryAfter: number } }).details.retryAfter;
  }
  expect(retryAfter).toBe(41); // 2 pictures at the running mean, 0.05 + 0.2 * (100 - 0.05) s
  leave();
  expect(admission.pending).toBe(0);
  admission.enter(3);
});

it("refuses what would never fit with another code", () => {
  expect(() => new Admission(3).enter(4)).toThrowError(expect.objectContaining({ code: "server/too-many-pictures" }));
});

it("refuses what would wait for half of its deadline, though there is a place, but never the only one", () => {
  const admission = new Admission(64, 10_000);
  for (let i = 0; i < 40; i++) admission.measured(2, 1); // the running mean nears 2 s
  for (let pictures = 0; pictures < 3; pictures++) admission.enter(1);
  expect(() => admission.enter(1)).toThrowError(
    expect.objectContaining({ code: "server/overloaded", details: { retryAfter: 6 } }),
  );
  const slow = new Admission(64, 10_000);
  slow.measured(1_000, 1);
  slow.enter(1);
  expect(() => slow.enter(1)).toThrowError(expect.objectContaining({ code: "server/overloaded" }));
});

it("tells for how long it has been full: until half of the places are free again, since one alone is soon taken", () => {
  vi.useFakeTimers();
  const admission = new Admission(4);
  const leaves = [1, 2, 3, 4].map(() => admission.enter(1));
  vi.advanceTimersByTime(3_000);
  leaves.pop()!();
  expect(admission.fullMs).toBe(3_000);
  leaves.push(admission.enter(1));
  vi.advanceTimersByTime(3_000);
  expect(admission.fullMs).toBe(6_000);
  leaves.pop()!();
  leaves.pop()!();
  expect(admission.fullMs).toBe(0);
  vi.useRealTimers();
});

it("of one place, is full until it is free", () => {
  vi.useFakeTimers();
  const admission = new Admission(1);
  expect(admission.fullMs).toBe(0);
  const leave = admission.enter(1);
  vi.advanceTimersByTime(6_000);
  expect(admission.fullMs).toBe(6_000);
  leave();
  expect(admission.fullMs).toBe(0);
  vi.useRealTimers();
});
