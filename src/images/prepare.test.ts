import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blankImage } from "./image.js";
import { noise } from "./noise.testing.js";
import { type PreparePlan, prepareImage } from "./prepare.js";

type Rgb = [number, number, number];
interface TransformersSettings {
  size: { height: number; width: number } | { shortest_edge: number };
  resample: 2 | 3;
  crop_size?: { height: number; width: number };
  image_mean: Rgb;
  image_std: Rgb;
}
interface TimmSettings {
  input_size: Rgb;
  interpolation: "bilinear" | "bicubic";
  crop_pct: number;
  crop_mode: "squash" | "center";
  mean: Rgb;
  std: Rgb;
}
type Case = { name: string; source: [number, number]; width: number; height: number; sha256: string } & (
  | { processor: "transformers"; settings: TransformersSettings }
  | { processor: "timm"; settings: TimmSettings }
);
const golden = new URL("../../conformance/goldens/prepare.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(golden, "utf8")) as { cases: Case[] };

function planOf(golden: Case): PreparePlan {
  if (golden.processor === "transformers") {
    const { size, resample, crop_size, image_mean, image_std } = golden.settings;
    return {
      resize: {
        ...("shortest_edge" in size ? { shortestEdge: size.shortest_edge } : size),
        filter: resample === 2 ? "bilinear" : "bicubic",
      },
      ...(crop_size && { centerCrop: { ...crop_size, rounding: "down" } }),
      rescale: 1 / 255,
      mean: image_mean,
      std: image_std,
    };
  }
  const { input_size, interpolation: filter, crop_pct, crop_mode, mean, std } = golden.settings;
  const [height, width] = input_size.slice(1).map((side) => Math.floor(side / crop_pct)) as [number, number];
  return {
    resize: crop_mode === "squash" ? { width, height, filter } : { shortestEdge: height, filter },
    centerCrop: { height: input_size[1], width: input_size[2], rounding: "half-to-even" },
    rescale: 1 / 255,
    mean,
    std,
  };
}

const PLAIN: PreparePlan = { rescale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] };

describe("prepareImage", () => {
  it.each(cases)("gives the bits of $processor ($name) from $source pixels", (golden) => {
    const values = new Float32Array(golden.width * golden.height * 3);
    const size = prepareImage(noise(...golden.source), planOf(golden), values);
    expect(size).toEqual({ width: golden.width, height: golden.height });
    expect(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex")).toBe(golden.sha256);
  });

  it("fills a batch in place, each picture at its offset", () => {
    const values = new Float32Array(3 * 12).fill(-1);
    prepareImage(noise(2, 2), PLAIN, values, 12);
    expect(values.subarray(0, 12).every((value) => value === -1)).toBe(true);
    expect([...values.subarray(12, 24)]).toEqual([...noise(2, 2).data].map((byte) => Math.fround(byte / 255)));
    expect(values.subarray(24).every((value) => value === -1)).toBe(true);
  });

  it("normalizes each channel with its own mean and std", () => {
    const values = new Float32Array(3);
    prepareImage(blankImage(1, 1), { rescale: 1, mean: [1, 2, 3], std: [1, 2, 4] }, values);
    expect([...values]).toEqual([-1, -1, -0.75]);
  });

  it.each([[1], [-1], [2]])("refuses a picture that would not fit at offset %i", (offset) => {
    expect(() => prepareImage(noise(1, 1), PLAIN, new Float32Array(3), offset)).toThrow(
      expect.objectContaining({ code: "input/buffer" }),
    );
  });
});
