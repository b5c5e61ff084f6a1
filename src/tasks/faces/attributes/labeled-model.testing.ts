import { withChangedModel } from "../../model-folder.testing.js";

/** The tiny ViT with other labels, for the time of `use`: a classifier of as many rows, its own in turn. */
export function withLabels<Result>(
  labels: readonly string[],
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  return withChangedModel(
    "vit",
    {
      config: (config) => ({
        ...config,
        id2label: Object.fromEntries(labels.entries()),
        label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
      }),
      weights: (tensors) => {
        for (const name of ["classifier.weight", "classifier.bias"]) {
          const { shape, bytes, dtype } = tensors.get(name)!;
          const row = bytes.length / shape[0]!;
          const rows = new Uint8Array(row * labels.length);
          for (let index = 0; index < labels.length; index++) {
            const from = (index % shape[0]!) * row;
            rows.set(bytes.subarray(from, from + row), index * row);
          }
          tensors.set(name, { dtype, shape: [labels.length, ...shape.slice(1)], bytes: rows });
        }
      },
    },
    use,
  );
}
