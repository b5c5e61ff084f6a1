import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { loadFaceDetector } from "../../../src/exports/faces.js";
import type { Picture } from "./pasted-faces.js";

export interface FoundFace {
  box: { x: number; y: number; width: number; height: number };
  score: number;
}

/** What a detector finds in each picture, and how long it takes, by the picture's name. */
export type Results = Map<string, { faces: FoundFace[]; milliseconds: number }>;

/** Runs one of vitrail's detectors on decoded pixels. */
export async function runVitrail(
  load: typeof loadFaceDetector,
  options: Parameters<typeof loadFaceDetector>[0],
  pictures: ReadonlyMap<string, Picture>,
): Promise<Results> {
  const detector = await load(options);
  const results: Results = new Map();
  await detector.detect([...pictures.values()][0]!); // the first call compiles
  for (const [name, picture] of pictures) {
    const start = performance.now();
    const faces = await detector.detect(picture);
    results.set(name, { faces, milliseconds: performance.now() - start });
  }
  await detector.dispose();
  return results;
}

/**
 * Runs a peer in a process of its own, since copies of TF.js share one engine within a process.
 *
 * @param script beside this file: its name and arguments
 * @param root the folder of that script
 */
export function runPeer(root: string, [script, ...options]: string[], pictures: ReadonlyMap<string, Picture>): Results {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-faces-"));
  try {
    const list = [...pictures].map(([name, { width, height }], i) => ({ name, file: `${i}.rgb`, width, height }));
    for (const { name, file } of list) writeFileSync(join(folder, file), pictures.get(name)!.data);
    writeFileSync(join(folder, "pictures.json"), JSON.stringify(list));
    const answer = join(folder, "answer.json");
    execFileSync(process.execPath, [join(root, script!), folder, ...options, answer], { stdio: "ignore" });
    const results = JSON.parse(readFileSync(answer, "utf8"));
    return new Map(list.map(({ name, file }) => [name, results[file]]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
