import { expect, it } from "vitest";
import { Quota } from "./quota.js";

it("gives a key's requests back evenly, and each key its own", () => {
  let now = 0;
  const quota = new Quota(60, () => now);
  for (let i = 0; i < 60; i++) quota.spend("a");
  expect(() => quota.spend("a")).toThrowError(
    expect.objectContaining({ code: "server/quota", details: { retryAfter: 1 } }),
  );
  quota.spend("b");
  now += 2_000;
  quota.spend("a");
  quota.spend("a");
  expect(() => quota.spend("a")).toThrowError(expect.objectContaining({ code: "server/quota" }));
});
