import { type Tensor, tensor4d, tidy } from "@tensorflow/tfjs-core";
import type { layers, SymbolicTensor } from "@tensorflow/tfjs-layers";
import { LayerProgram } from "../../models/layer-program.js";
import type { OpenModel, PreparedPicture } from "./both-models.js";
import { relativeError } from "./closeness.js";

/** Pictures that a layer's error is measured by; its tokens are hundreds of examples each. */
const PICTURES = 4;

/**
 * How wrong each layer is by itself: its output on the original's own input, beside the original's output, `|found - wanted| / |wanted|`, the mean over
 * some pictures. By the layers' names in the model.
 */
export async function layerErrors(
  before: OpenModel,
  after: OpenModel,
  names: readonly string[],
  pictures: readonly PreparedPicture[],
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const { height, width } = before.model.config.architecture.image;
  const pairs = names.map((name) => [name, find(before, name), find(after, name)] as const);
  const inputs = [...new Set(pairs.map(([, layer]) => inputOf(layer)))];
  const program = new LayerProgram(before.transformer.model.inputs[0]!, inputs);
  const sums = new Map(names.map((name) => [name, 0]));
  const measured = pictures.slice(0, PICTURES);
  for (const { values } of measured)
    await before.model.onEngine(() => {
      tidy(() => {
        const found = program.run(tensor4d(values, [1, height, width, 3]));
        for (const [name, original, rounded] of pairs) {
          const x = found[inputs.indexOf(inputOf(original))]!;
          // Without what it is added to, which would hide how wrong it is.
          const output = (layer: layers.Layer) => {
            const y = layer.call([x], { training: false }) as Tensor;
            const values = y.dataSync(); // which a tidy must not return: it would look for tensors in every number
            y.dispose();
            return values;
          };
          sums.set(name, sums.get(name)! + relativeError(output(rounded), output(original)));
        }
      });
    }, signal);
  return new Map([...sums].map(([name, sum]) => [name, sum / measured.length]));
}

const find = ({ transformer }: OpenModel, name: string) => transformer.model.getLayer(name);

/** What a layer multiplies; the second input of some is only added. */
function inputOf({ input }: layers.Layer): SymbolicTensor {
  return Array.isArray(input) ? input[0]! : input;
}
