import { describe, expect, it } from "vitest";
import { cosineSimilarity } from "../embedding.js";
import { packageFile } from "../package-file.js";
import { analyzeFaces } from "./analyze-faces.js";
import { averageLinkage } from "./average-linkage.js";
import { clusterFaces } from "./cluster-faces.js";
import { countFaces } from "./count-faces.js";
import type { FaceAnalysis } from "./face-analysis.js";

/** Reproducible values around 0. */
function randomVectors(count: number, width: number, seed = 1): Float32Array[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Array.from({ length: count }, () => Float32Array.from({ length: width }, next));
}

/** `people` directions, `each` noisy vectors around each, one after the other person. */
function crowd(people: number, each: number, noise: number): Float32Array[] {
  const directions = randomVectors(people, 64, 7);
  const noises = randomVectors(people * each, 64, 9);
  return noises.map((own, i) => own.map((value, j) => directions[i % people]![j]! + noise * value));
}

const asResults = (vectors: readonly Float32Array[], perPicture = 3): FaceAnalysis[] => {
  const faces = vectors.map((vector) => ({ vector }) as FaceAnalysis["faces"][0]);
  const pictures = Math.ceil(faces.length / perPicture);
  return Array.from({ length: pictures }, (_, i) => ({
    width: 1,
    height: 1,
    faces: faces.slice(i * perPicture, (i + 1) * perPicture),
  }));
};

/** The definition: join the pair with the highest mean similarity, again and again. */
function slowAverageLinkage(vectors: readonly Float32Array[]): number[] {
  let groups = vectors.map((_, index) => [index]);
  const similarities: number[] = [];
  while (groups.length > 1) {
    let best = { a: 0, b: 1, mean: Number.NEGATIVE_INFINITY };
    for (let a = 0; a < groups.length; a++)
      for (let b = a + 1; b < groups.length; b++) {
        const all = groups[a]!.flatMap((i) => groups[b]!.map((j) => cosineSimilarity(vectors[i]!, vectors[j]!)));
        const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
        if (mean > best.mean) best = { a, b, mean };
      }
    similarities.push(best.mean);
    groups = [...groups.filter((_, i) => i !== best.a && i !== best.b), [...groups[best.a]!, ...groups[best.b]!]];
  }
  return similarities;
}

describe("averageLinkage", () => {
  it.each([2, 3, 10, 40])("joins %i random vectors at the similarities of the definition, within 1e-5", (count) => {
    const vectors = randomVectors(count, 8, count);
    const found = averageLinkage(vectors)
      .map(({ similarity }) => similarity)
      .sort((a, b) => b - a);
    for (const [i, wanted] of slowAverageLinkage(vectors).entries()) expect(found[i]).toBeCloseTo(wanted, 5);
  });

  it("ends on vectors that are all alike, zero, one or none", () => {
    expect(averageLinkage(Array(20).fill(Float32Array.of(1, 2)))).toHaveLength(19);
    expect(averageLinkage(Array(5).fill(Float32Array.of(0, 0)))).toHaveLength(4);
    expect(averageLinkage([Float32Array.of(1)])).toEqual([]);
    expect(averageLinkage([])).toEqual([]);
  });
});

describe("clusterFaces", () => {
  it("gives the same groups from results that were kept as JSON, with vectors as lists", () => {
    const results = asResults([...crowd(3, 6, 0.6)]);
    const kept = results.map(({ faces }) => ({ faces: faces.map(({ vector }) => ({ vector: [...vector!] })) }));
    expect(clusterFaces(JSON.parse(JSON.stringify(kept)))).toEqual(clusterFaces(results));
  });

  it("puts 60 faces of five people into five groups, with a threshold and without", () => {
    const results = asResults(crowd(5, 12, 0.5));
    const fixed = clusterFaces(results, { threshold: 0.5 });
    const auto = clusterFaces(results);
    expect(auto.clusters).toEqual(fixed.clusters);
    expect(fixed.clusters.map((group) => group.length)).toEqual([12, 12, 12, 12, 12]);
    for (const [person, group] of fixed.clusters.entries())
      for (const { picture, face } of group) expect((picture * 3 + face) % 5).toBe(person);
  });

  it("gives the same groups for the same faces in another order", () => {
    const vectors = [...crowd(3, 6, 0.6), ...randomVectors(2, 64, 5)];
    const order = vectors.map((_, i) => (i * 7) % vectors.length);
    const named = (indices: number[]) => {
      const { clusters } = clusterFaces(
        asResults(
          indices.map((i) => vectors[i]!),
          1,
        ),
      );
      return clusters
        .map((group) =>
          group
            .map(({ picture }) => indices[picture]!)
            .sort((a, b) => a - b)
            .join(),
        )
        .sort();
    };
    expect(named(order)).toEqual(named(vectors.map((_, i) => i)));
  });

  it("joins all at -1, none that differ at 1, and the largest group comes first", () => {
    const results = asResults([...crowd(2, 2, 0.3), ...randomVectors(3, 64, 21)]);
    expect(clusterFaces(results, { threshold: -1 }).clusters).toHaveLength(1);
    expect(clusterFaces(results, { threshold: 1 }).clusters).toHaveLength(7);
    const sizes = clusterFaces(results, { threshold: 0.6 }).clusters.map((group) => group.length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  it("makes one group of copies, and none of nothing", () => {
    expect(clusterFaces(asResults(Array(4).fill(Float32Array.of(3, 4)))).clusters).toHaveLength(1);
    expect(clusterFaces([]).clusters).toEqual([]);
    expect(clusterFaces(asResults([])).clusters).toEqual([]);
  });

  it("tells two people apart in photographs that differ in format, size and turn", async () => {
    const photos = ["astronaut.png", "hopper.png", "astronaut_baseline.jpg", "grace_hopper.jpg", "hopper_rot15.jpg"];
    const results = await analyzeFaces(
      photos.map((name) => packageFile(`conformance/photos/${name}`)),
      { embed: { model: packageFile("weights/vit-small-patch14").pathname }, detector: { model: "full" } },
    );
    const { clusters } = clusterFaces(results);
    const together = (a: number, b: number) =>
      clusters.some((group) => [a, b].every((i) => group.some(({ picture }) => picture === i)));
    expect(together(0, 2)).toBe(true);
    expect(together(0, 1)).toBe(false);
    expect(together(0, 4)).toBe(false);
  });

  it.each([
    ["a threshold above 1", { threshold: 2 }, [], "input/option"],
    ["a threshold in words", { threshold: "low" }, [], "input/option"],
    ["an unknown option", { limit: 2 }, [], "input/option"],
    ["a face without a vector", {}, [undefined], "input/vector-missing"],
    ["a vector with NaN", {}, [Float32Array.of(1, Number.NaN)], "input/vector-missing"],
    ["vectors of two models", {}, [Float32Array.of(1), Float32Array.of(1, 2)], "input/vector-missing"],
  ])("refuses %s", (_what, options, vectors, code) => {
    const results = asResults(vectors as Float32Array[]);
    expect(() => clusterFaces(results, options as object)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses more faces than it can hold the pairs of", () => {
    const results = asResults(Array(5001).fill(Float32Array.of(1)));
    expect(() => clusterFaces(results)).toThrow(expect.objectContaining({ code: "input/too-many-faces" }));
  });
});

describe("countFaces", () => {
  it("counts pictures, faces, and pictures with faces", () => {
    expect(countFaces([...asResults(crowd(2, 2, 0.3)), { faces: [] }])).toEqual({
      pictures: 3,
      faces: 4,
      withFaces: 2,
      perPicture: [3, 1, 0],
    });
  });
});
