import type { loadFaceDetector } from "../../../src/exports/faces.js";
import type { decodeImage } from "../../../src/exports/images.js";

const ROUNDS = 40;

/**
 * How much longer than decoding a JPEG takes finding its faces, with `short`. Rounds take turns, so that both see the same load.
 *
 * @param jpeg 1920 x 1080 pixels
 */
export async function speedTable(
  {
    decodeImage: decode,
    loadFaceDetector: load,
  }: { decodeImage: typeof decodeImage; loadFaceDetector: typeof loadFaceDetector },
  jpeg: Uint8Array,
): Promise<string[]> {
  const detector = await load();
  const times = { decode: [] as number[], detect: [] as number[] };
  const timed = async (list: number[], work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    list.push(performance.now() - start);
  };
  for (let round = -3; round < ROUNDS; round++) {
    const lists = round < 0 ? { decode: [], detect: [] } : times; // the first ones compile
    await timed(lists.decode, () => decode(jpeg));
    await timed(lists.detect, () => detector.detect(jpeg));
  }
  await detector.dispose();
  const [decoding, detecting] = [quartile(times.decode), quartile(times.detect)];
  const most = 1.3 * decoding + 15;
  return [
    "### Speed",
    "",
    `A JPEG of 1920 x 1080 pixels (${Math.round(jpeg.length / 1024)} kB), \`short\`, the lower quartile of ${ROUNDS} rounds in turns, milliseconds.`,
    "",
    "| decoding alone | from the file to faces | wanted: 1.3 times decoding and 15 ms |",
    "|--:|--:|--:|",
    `| ${decoding.toFixed(1)} | ${detecting.toFixed(1)} | ${most.toFixed(1)} |`,
    "",
  ];
}

/** The rounds that other work on the machine disturbed least. */
function quartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 2]!;
}
