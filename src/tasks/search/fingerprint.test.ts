import { expect, it } from "vitest";
import { loadModel } from "../load-model.js";
import { tinyModel, withChangedModel } from "../model-folder.testing.js";
import { fingerprintOf } from "./fingerprint.js";

async function fingerprint(
  folder: string,
  options: Parameters<typeof fingerprintOf>[1] = {},
  loading: Parameters<typeof loadModel>[1] = {},
): Promise<string> {
  await using model = await loadModel(folder, loading);
  return await fingerprintOf(model, options);
}

it("is the same for a copy of the model, and another for other weights, preprocessing, pooling or precision", async () => {
  const own = await fingerprint(tinyModel("vit"));
  const same = [
    await fingerprint(tinyModel("vit")),
    await withChangedModel("vit", {}, (folder) => fingerprint(folder)),
  ];
  expect(new Set([own, ...same]).size).toBe(1);
  const others = [
    await withChangedModel("vit", { weights: changeOneNumber }, (folder) => fingerprint(folder)),
    await withChangedModel(
      "vit",
      { preprocessor: (config) => ({ ...config, image_mean: [0.4, 0.5, 0.5] }) },
      (folder) => fingerprint(folder),
    ),
    await fingerprint(tinyModel("vit"), { pool: "mean" }),
    await fingerprint(tinyModel("vit"), { normalize: false }),
    await fingerprint(tinyModel("vit"), {}, { dtype: "int8" }),
  ];
  expect(new Set([own, ...others]).size).toBe(6);
});

function changeOneNumber(tensors: Map<string, { bytes: Uint8Array }>): void {
  const [first] = tensors.values();
  first!.bytes[0]! ^= 1;
}
