import { join } from "node:path";
import type { Image } from "../src/images/image.js";
import type { ConformanceCase } from "./cases.js";
import { type Golden, type GoldenTensor, itemOf } from "./golden.js";
import { seededCheckpoint, seededImage, seededPositions } from "./seeded-weights.js";

/** One picture, or one batch of ready tensors, with what must come out. */
export interface Example {
  label: string;
  input: { picture: string | Image } | { values: Float32Array; shape: [number, number, number, number] };
  /** For each item of the batch (one for a picture): references by output. */
  wanted: ReadonlyMap<string, ArrayLike<number>>[];
  /** Where the references lie in an output of so many elements; undefined: everywhere. */
  positions(output: string, size: number): Uint32Array | undefined;
}

/** The folder that the case loads. */
export async function folderOf(test: ConformanceCase): Promise<string> {
  if (test.kind === "seeded") return seededCheckpoint(test.model);
  return join(import.meta.dirname, test.kind === "tiny" ? "models" : "../weights", test.model);
}

export function examplesOf(test: ConformanceCase, golden: Golden): Example[] {
  return test.kind === "tiny" ? tinyExamples(golden) : sampledExamples(test, golden);
}

/** Each picture by itself, then all of them as one batch of tensors. */
function tinyExamples({ tensors }: Golden): Example[] {
  const isInput = (name: string) => name === "input" || name.startsWith("image.");
  const outputs = [...tensors].filter(([name]) => !isInput(name));
  const wanted = (index: number) =>
    new Map(outputs.map(([name, tensor]) => [name, itemOf(tensor, index).values] as const));
  const positions = () => undefined;

  const pictures: Example[] = [];
  for (let index = 0; tensors.has(`image.${index}`); index++)
    pictures.push({
      label: `picture ${index}`,
      input: { picture: pixelsOf(tensors.get(`image.${index}`)!) },
      wanted: [wanted(index)],
      positions,
    });
  const { values, shape } = tensors.get("input")!;
  const batch = {
    label: `a batch of ${shape[0]}`,
    input: { values: values as Float32Array, shape: shape as [number, number, number, number] },
    wanted: Array.from({ length: shape[0]! }, (_, index) => wanted(index)),
    positions,
  };
  return [...pictures, batch];
}

function pixelsOf({ shape: [height, width], values }: GoldenTensor) {
  return { data: values as Uint8Array, width: width!, height: height!, channels: 3 as const };
}

/** References are named `<example>/<output>`: the number of a seeded picture, or a photograph's file. */
function sampledExamples(test: Exclude<ConformanceCase, { kind: "tiny" }>, { tensors }: Golden): Example[] {
  const labels = [...new Set([...tensors.keys()].map((name) => name.split("/")[0]!))].sort();
  return labels.map((label) => {
    const own = [...tensors].filter(([name]) => name.startsWith(`${label}/`));
    const wanted = new Map(own.map(([name, { values }]) => [name.slice(label.length + 1), values] as const));
    const picture =
      test.kind === "seeded" ? seededImage(test.model, Number(label)) : join(import.meta.dirname, "photos", label);
    return {
      label,
      input: { picture },
      wanted: [wanted],
      positions(output, size) {
        const count = wanted.get(output)!.length;
        return count === size ? undefined : seededPositions(`${test.model} ${output}`, size, count);
      },
    };
  });
}
