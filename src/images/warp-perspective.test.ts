import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { noise } from "./noise.testing.js";
import { type Border, type Corners, warpPerspective } from "./warp-perspective.js";

interface Case {
  source: [number, number];
  corners: [number, number][];
  size: number;
  border: Border;
  sha256: string;
}
const golden = new URL("../../conformance/goldens/opencv-warp.json", import.meta.url);
const { cases, reference } = JSON.parse(readFileSync(golden, "utf8")) as { cases: Case[]; reference: string };

describe("warpPerspective", () => {
  it("is measured against the OpenCV line that MediaPipe carries", () => {
    expect(reference).toBe("OpenCV 4.11.0");
    expect(cases.length).toBeGreaterThan(30);
  });

  it.each(cases)(
    "gives OpenCV's bytes for $source to $size pixels from $corners.0, $border beyond it",
    ({ source, corners, size, border, sha256 }) => {
      const points = corners.map(([x, y]) => ({ x, y })) as unknown as Corners;
      const { data } = warpPerspective(noise(...source), points, { width: size, height: size, border });
      expect(createHash("sha256").update(data).digest("hex")).toBe(sha256);
    },
  );
});
