import "@tensorflow/tfjs-backend-cpu";
import { tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { ZeroPadChannels } from "./zero-pad-channels.js";

it("puts the zeros after the channels that are there", async () => {
  const padded = new ZeroPadChannels({ channels: 3 }).apply(tensor([1, 2, 3, 4], [1, 1, 2, 2]));
  expect(padded).toMatchObject({ shape: [1, 1, 2, 3] });
  expect(await (padded as ReturnType<typeof tensor>).array()).toEqual([[[[1, 2, 0], [3, 4, 0]]]]); // biome-ignore format: a row of pixels
});

it("comes back from its configuration", () => {
  const layer = new ZeroPadChannels({ name: "padding", channels: 5 });
  const copy = new ZeroPadChannels(layer.getConfig() as unknown as { channels: number });
  expect(copy.name).toBe("padding");
  expect(copy.computeOutputShape([1, 2, 2, 4])).toEqual([1, 2, 2, 5]);
});
