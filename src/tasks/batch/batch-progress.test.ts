import { expect, it } from "vitest";
import { type BatchProgress, ProgressMeter } from "./batch-progress.js";

it("tells the rate of the last minute, and the time left by it, without what was there before", () => {
  const told: BatchProgress[] = [];
  let time = 0;
  const meter = new ProgressMeter(
    2000,
    (progress) => told.push(progress),
    () => time,
  );
  meter.skip(400);
  time = 10_000;
  meter.addCount(100);
  expect(told.at(-1)).toEqual({ rows: 500, total: 2000, failures: 0, rate: 10, timeLeft: 150 });
  // Five minutes of waiting are forgotten once a minute lies behind them.
  time = 310_000;
  meter.addCount(100, 3);
  time = 320_000;
  meter.addCount(100);
  time = 380_000;
  meter.addCount(600);
  expect(told.at(-1)).toEqual({ rows: 1300, total: 2000, failures: 3, rate: 10, timeLeft: 70 });
});

it("has no rate before time has passed", () => {
  const told: BatchProgress[] = [];
  const meter = new ProgressMeter(
    10,
    (progress) => told.push(progress),
    () => 5,
  );
  meter.addCount(1);
  expect(told).toEqual([{ rows: 1, total: 10, failures: 0, rate: 0 }]);
});
