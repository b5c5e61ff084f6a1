import type { OpenModel, PreparedPicture } from "./both-models.js";
import { ask } from "./both-models.js";
import { type Budget, overBudget } from "./budget.js";
import { type Answer, type Closeness, closenessOf } from "./closeness.js";
import { LayerMixture } from "./layer-mixture.js";
import { ATTENTION, type QuantizableLayer } from "./quantizable-layers.js";
import type { QuantizeOptions } from "./quantize-options.js";

/** What a layer does to the embeddings when it is the only one that is quantized. */
export interface Sensitivity {
  name: string;
  /** Mean relative error of the embeddings. */
  error: number;
}

export interface LayerSearch extends AsyncDisposable {
  /** Every layer that is not fixed, and the attentions' products, worst first. */
  sensitivities(): Promise<Sensitivity[]>;
  /**
   * The fewest layers, worst first, that have to be kept for a budget to be met over the sample: how many is found by halving, then those that turn out
   * not to be needed are given up, the least sensitive first.
   */
  fewest(budget: Budget, order: readonly Sensitivity[]): Promise<string[]>;
}

export interface SearchOptions {
  layers: readonly QuantizableLayer[];
  /** Names of those that are kept in any case. */
  fixed: ReadonlySet<string>;
  dtype: "int8" | "float16";
  /** Pictures to try mixtures on. */
  sample: readonly PreparedPicture[];
  options: Pick<QuantizeOptions, "signal" | "progress">;
}

export async function searchLayers(
  original: OpenModel,
  quantized: OpenModel,
  { layers, fixed, dtype, sample, options: { signal, progress = () => {} } }: SearchOptions,
): Promise<LayerSearch> {
  const mixture = new LayerMixture(original, quantized, layers, dtype);
  const { config } = original.model;
  const all = [...layers.map(({ name }) => name), ...(dtype === "int8" ? [ATTENTION] : [])];
  const units = all.filter((name) => !fixed.has(name));
  const answersOf = async (model: OpenModel["model"]): Promise<Answer[]> => {
    const { height, width } = config.architecture.image;
    const answers: Answer[] = [];
    for (const { values } of sample) answers.push(...(await ask(model, values, [1, height, width, 3], signal)));
    return answers;
  };
  const wanted = await answersOf(original.model);
  const keeping = async (kept: Iterable<string>): Promise<Closeness> =>
    closenessOf(wanted, await answersOf(await mixture.keeping(new Set([...fixed, ...kept]))), config.activation);
  return {
    async sensitivities() {
      const found: Sensitivity[] = [];
      for (const [i, name] of units.entries()) {
        const { error } = await keeping(units.filter((other) => other !== name));
        found.push({ name, error: error.mean });
        progress({ stage: "layers", done: i + 1, total: units.length });
      }
      return found.sort((a, b) => b.error - a.error);
    },

    async fewest(budget, order) {
      const meets = async (kept: readonly string[]) => overBudget(await keeping(kept), budget).length === 0;
      const first = (count: number) => order.slice(0, count).map(({ name }) => name);
      let [tooFew, enough] = [-1, order.length];
      while (enough - tooFew > 1) {
        const middle = (tooFew + enough) >> 1;
        if (await meets(first(middle))) enough = middle;
        else tooFew = middle;
      }
      let kept = first(enough);
      for (const name of kept.toReversed()) {
        const without = kept.filter((other) => other !== name);
        if (await meets(without)) kept = without;
      }
      return kept;
    },

    [Symbol.asyncDispose]: () => mixture[Symbol.asyncDispose](),
  };
}
