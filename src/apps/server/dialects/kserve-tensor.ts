import { ServerError } from "../../../errors.js";
import type { ModelConfig } from "../../../models/model-config.js";

/**
 * The pictures of an FP32 tensor, as models take them. `[batch, 3, height, width]` → each `[height, width, 3]`
 *
 * @throws ServerError `server/parameter` for another shape, or values that are no finite numbers
 */
export function prepareTensor(
  { shape, datatype, data }: { shape: readonly number[]; datatype: string; data: readonly unknown[] },
  { architecture }: Pick<ModelConfig, "architecture">,
): Float32Array[] {
  const { height, width } = architecture.image;
  const [batch = 0] = shape;
  const plane = height * width;
  // Both ways of writing a tensor are allowed: flat, and nested as its shape.
  const values = data.flat(3);
  if (datatype !== "FP32" || String(shape) !== String([batch, 3, height, width]) || values.length !== batch * 3 * plane)
    throw new ServerError("server/parameter", `"pixel_values" must be FP32 of shape [N, 3, ${height}, ${width}].`);
  if (!values.every((value) => typeof value === "number" && Number.isFinite(Math.fround(value))))
    throw new ServerError("server/parameter", '"pixel_values" must be finite numbers.');
  return Array.from({ length: batch }, (_, picture) => {
    const prepared = new Float32Array(plane * 3);
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < plane; i++) prepared[i * 3 + channel] = values[(picture * 3 + channel) * plane + i] as number;
    return prepared;
  });
}
