import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflateAtMost, inflateUntil } from "./inflate.js";

const zeros = (length: number) => new Uint8Array(deflateSync(new Uint8Array(length)));

describe("inflateUntil", () => {
  it("stops a stream of 50 MB as soon as it has enough", async () => {
    let pieces = 0;
    await expect(inflateUntil(zeros(50e6), () => ++pieces === 2)).resolves.toBe("enough");
    expect(pieces).toBe(2);
  });

  it("hands out what a cut stream holds", async () => {
    const bytes = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
    const stream = deflateSync(bytes);
    let length = 0;
    const end = await inflateUntil(stream.subarray(0, stream.length / 2), (piece) => {
      length += piece.length;
      return false;
    });
    expect(end).toBe("ended");
    expect(length).toBeGreaterThan(100);
    expect(length).toBeLessThan(3000);
  });

  it.each([
    ["no zlib header", Uint8Array.of(1, 2, 3, 4)],
    ["a wrong checksum", zeros(100).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte))],
    ["a preset dictionary", Uint8Array.of(0x78, 0xbb, 0, 0, 0, 0)],
  ])("says that %s is corrupt", async (_, stream) => {
    await expect(inflateUntil(stream, () => false)).resolves.toBe("corrupt");
  });

  it("stops when aborted", async () => {
    const reason = new Error("enough of this");
    await expect(inflateUntil(zeros(1e6), () => false, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("inflateAtMost", () => {
  it("inflates up to its limit and not a byte further", () => {
    expect(inflateAtMost(zeros(1000), 1000)).toHaveLength(1000);
    expect(inflateAtMost(zeros(1001), 1000)).toBe("too-large");
    expect(inflateAtMost(Uint8Array.of(9, 9, 9), 1000)).toBe("corrupt");
  });
});
