import { join } from "node:path";
import {
  losses,
  oneHot,
  type Scalar,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
  transpose,
  type Variable,
  variable,
  variableGrads,
} from "@tensorflow/tfjs-core";
import { type LayersModel, model } from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../src/backend/engine.js";
import { assembleModel } from "../src/models/assemble-model.js";
import { translateNames } from "../src/models/checkpoint-names.js";
import { type Parameter, parametersOf } from "../src/models/parameters.js";
import { tensorError } from "../src/tasks/compare.js";
import { openModel } from "../src/tasks/load-model.js";
import { AdamW } from "../src/tasks/training/adamw.js";
import { ENGINES } from "./engines.js";
import { readGolden } from "./golden.js";

/** Beside PyTorch float32's own error; see docs/numerics.md. */
const TIMES_ALL = 2;
const TIMES_EACH = 3;
const TIMES_TRAINED = 4;
/** Gradients that are 0 in theory, as those of the keys' biases, have no relative error: of the length of all gradients. */
const SHARE_OF_ALL = 1e-6;
const LOSS = 1e-5;

/** Settings of `torch.optim.AdamW`, under its names. */
interface TorchSettings {
  lr: number;
  betas: [number, number];
  eps: number;
  weight_decay: number;
}

interface Own {
  gradients: number;
  trained: number;
  gradient: Record<string, number>;
}

const MODELS = ["vit", "eva-base"];

describe.each(ENGINES.flatMap((engine) => MODELS.map((name) => [name, engine] as const)))(
  "gradients of %s on %s",
  (name, engine) => {
    const golden = readGolden(`${name}.gradients`);
    const { labels, optimizer } = golden.facts as { labels: number[]; optimizer: TorchSettings };
    const own = golden.own as unknown as Own;
    const wanted = (key: string) => golden.tensors.get(key)!.values;
    let classifier: LayersModel;
    let parameters: { parameter: Parameter; file: string; weights: Variable }[];
    let input: Variable;

    beforeAll(async () => {
      await useEngine({ engine });
      const { config, checkpoint } = await openModel(join(import.meta.dirname, "models", name));
      const gated = config.architecture.mlp.kind !== "plain";
      const stored = translateNames(checkpoint.tensors, { gated, unused: config.unusedWeights }).weights;
      const { transformer } = assembleModel(config, checkpoint);
      await checkpoint.close();
      classifier = model({ inputs: transformer.model.inputs, outputs: transformer.outputs.get("logits")! });
      parameters = parametersOf(transformer.model).map((parameter) => ({
        parameter,
        file: stored.get(parameter.name)!.name,
        weights: parameter.variable.read() as Variable,
      }));
      const { values, shape } = readGolden(name).tensors.get("input")!;
      input = variable(tensor(values as Float32Array, shape));
    });
    afterAll(() => input.dispose());

    /** Mean cross-entropy and its gradients, in the layers' own layout. */
    async function differentiate() {
      const all = [input, ...parameters.map(({ weights }) => weights)];
      const { value, grads } = variableGrads(() => {
        const logits = classifier.apply(input, { training: true }) as Tensor;
        return losses.softmaxCrossEntropy(oneHot(tensor1d(labels, "int32"), logits.shape[1]!), logits) as Scalar;
      }, all);
      const loss = (await value.data())[0]!;
      value.dispose();
      return { loss, gradients: all.map((one) => grads[one.name]!) };
    }

    /** A tensor in a layer's layout as the checkpoint lays it out, flat. */
    function asStored({ layout }: Parameter, value: Tensor): Promise<Float32Array> {
      const turned = tidy(() => (layout === "transposed" ? transpose(value) : value.clone()));
      return turned.data().finally(() => turned.dispose()) as Promise<Float32Array>;
    }

    it(`are within ${TIMES_ALL} times PyTorch float32's own error together, ${TIMES_EACH} times each`, async () => {
      const { gradients } = await differentiate();
      const found = new Map<string, Float32Array>([["input", (await gradients[0]!.data()) as Float32Array]]);
      for (const [index, { parameter, file }] of parameters.entries())
        found.set(file, await asStored(parameter, gradients[index + 1]!));
      for (const gradient of gradients) gradient.dispose();

      const names = [...found.keys()].sort();
      const referenced = [...golden.tensors.keys()].filter((key) => key.startsWith("gradient/"));
      expect(names.map((key) => `gradient/${key}`)).toEqual(referenced.sort());
      const joined = (of: (key: string) => ArrayLike<number>) => names.flatMap((key) => Array.from(of(key)));
      const reference = joined((key) => wanted(`gradient/${key}`));
      const total = tensorError(
        joined((key) => found.get(key)!),
        reference,
      ).relativeL2;
      const length = Math.hypot(...reference);
      const tooFar = names.filter((key) => {
        const values = wanted(`gradient/${key}`);
        const error = tensorError(found.get(key)!, values).relativeL2;
        const bound = key in own.gradient ? TIMES_EACH * own.gradient[key]! : 0;
        return !(error <= bound || error * Math.hypot(...values) <= SHARE_OF_ALL * length);
      });
      expect(tooFar).toEqual([]);
      expect(total / own.gradients).toBeLessThanOrEqual(TIMES_ALL);
    });

    it(`keep the loss of twenty AdamW steps within ${LOSS} of PyTorch float64's, and the weights within ${TIMES_TRAINED} times float32's drift`, async () => {
      const values = await Promise.all(parameters.map(({ weights }) => weights.data() as Promise<Float32Array>));
      const optimize = new AdamW(
        values.map((weights) => ({ weights, decay: "weights" })),
        {
          learningRate: optimizer.lr,
          betas: optimizer.betas,
          epsilon: optimizer.eps,
          weightDecay: optimizer.weight_decay,
        },
      );
      const curve: number[] = [];
      for (const _ of wanted("loss").subarray(1)) {
        const { loss, gradients } = await differentiate();
        curve.push(loss);
        optimize.step((await Promise.all(gradients.slice(1).map((gradient) => gradient.data()))) as Float32Array[]);
        for (const gradient of gradients) gradient.dispose();
        for (const [index, { weights }] of parameters.entries())
          tidy(() => void weights.assign(tensor(values[index]!.slice(), weights.shape as number[])));
      }
      curve.push((await differentiate()).loss);
      for (const [step, loss] of curve.entries())
        expect(Math.abs(loss / wanted("loss")[step]! - 1), `loss before step ${step + 1}`).toBeLessThanOrEqual(LOSS);

      const trained: number[] = [];
      const reference: number[] = [];
      for (const { parameter, file, weights } of parameters) {
        if (!golden.tensors.has(`trained/${file}`)) continue; // of no influence: AdamW makes whole steps of rounding noise
        trained.push(...(await asStored(parameter, weights)));
        reference.push(...wanted(`trained/${file}`));
      }
      expect(tensorError(trained, reference).relativeL2 / own.trained).toBeLessThanOrEqual(TIMES_TRAINED);
    });
  },
);
