import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Admission } from "./inference/admission.js";
import type { ModelService } from "./inference/model-service.js";
import { Service, type ServiceParts } from "./service.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function serviceOf(changes: { isUp?: boolean; isDecoding?: boolean } = {}) {
  const state = { isUp: true, isDecoding: true, ...changes };
  const admission = new Admission(1);
  const model = {
    name: "m",
    labels: [],
    admission,
    get isUp() {
      return state.isUp;
    },
  } as unknown as ModelService;
  const parts = { models: new Map([["m", model]]), isDecoding: () => state.isDecoding } as unknown as ServiceParts;
  return { service: new Service(parts), admission, state };
}

it("is not ready while a thread is missing, and ready when it is back", () => {
  const { service, state } = serviceOf();
  expect(service.unreadiness()).toBeUndefined();
  state.isUp = false;
  expect(service.unreadiness()).toBe("starting");
  state.isUp = true;
  state.isDecoding = false;
  expect(service.unreadiness()).toBe("starting");
  state.isDecoding = true;
  expect(service.unreadiness()).toBeUndefined();
});

it("is not ready when a queue has been full for more than 5 s, and ready as soon as there is a place", () => {
  const { service, admission } = serviceOf();
  const leave = admission.enter(1);
  vi.advanceTimersByTime(5_000);
  expect(service.unreadiness()).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(service.unreadiness()).toBe("overloaded");
  leave();
  expect(service.unreadiness()).toBeUndefined();
});

it("drains until the last request has left, and lets none in meanwhile", async () => {
  const { service } = serviceOf();
  service.enter();
  service.enter();
  let isOver = false;
  const draining = service.drain(10_000).then(() => {
    isOver = true;
  });
  expect(service.unreadiness()).toBe("draining");
  expect(() => service.enter()).toThrowError(expect.objectContaining({ code: "server/draining" }));
  service.leave();
  await vi.advanceTimersByTimeAsync(100);
  expect(isOver).toBe(false);
  service.leave();
  await draining;
});

it("waits for a request that hangs no longer than it was told", async () => {
  const { service } = serviceOf();
  service.enter();
  const draining = service.drain(10_000);
  await vi.advanceTimersByTimeAsync(10_000);
  await draining;
});

it("finds a model by its name, or the first that fits", () => {
  const { service } = serviceOf();
  expect(service.model("m", "vectors").name).toBe("m");
  expect(service.model(undefined, "vectors").name).toBe("m");
  const codeOf = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(codeOf(() => service.model("n", "vectors"))).toBe("server/not-found");
  expect(codeOf(() => service.model("m", "labels"))).toBe("server/not-implemented");
  expect(codeOf(() => service.faces())).toBe("server/not-implemented");
});
