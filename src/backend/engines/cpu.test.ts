import { add, tensor, tidy } from "@tensorflow/tfjs-core";
import { expect, it, vi } from "vitest";
import { useEngine } from "../engine.js";

it.each(["cpu", "vitrail"] as const)('the engine "%s" computes without a greeting of TF.js\'s', async (engine) => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  await useEngine({ engine });
  tidy(() => add(tensor([1, 2, 3]), 1).dataSync());
  expect(warn).not.toHaveBeenCalled();
});
