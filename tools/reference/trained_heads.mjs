// Writes conformance/models/trained-{vit,eva}: heads that vitrail trained on conformance/pictures/textures, as Head.save writes them; and tuned-{vit,eva}, with a
// block and with LoRA adapters that were trained as well. After `npm run build`;
// then make_golden.py lets PyTorch (ViTForImageClassification.from_pretrained, timm.create_model) run the same folders:
// Two runs of one build write the same bytes. Builds whose solver or products round otherwise do not: an L-BFGS head is defined up to its tolerance (1e-5 of the gradient), so
// make both anew, the models and the goldens, after such a change.
//   node tools/reference/trained_heads.mjs
//   for name in trained-vit trained-eva tuned-vit tuned-eva; do make_golden.py conformance/models/$name; mv conformance/models/$name/golden.safetensors conformance/goldens/$name.safetensors; … .json; done
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../dist/index.js";
import { fitHead } from "../../dist/training.js";

const path = (name) => fileURLToPath(new URL(`../../conformance/${name}`, import.meta.url));

// All pictures are learned from, so that the last epoch's weights are what is saved.
const steps = { epochs: 5, validation: 0 };
for (const [source, target, options] of [
  ["vit-bare", "trained-vit", {}],
  ["eva-wrapper", "trained-eva", {}],
  ["vit-f16", "tuned-vit", { unfreeze: 1, backboneLearningRate: 1e-3, ...steps }],
  ["eva-base", "tuned-eva", { lora: { rank: 4, alpha: 8 }, backboneLearningRate: 1e-2, ...steps }],
]) {
  const model = await loadModel(path(`models/${source}`));
  const head = await fitHead(model, path("pictures/textures/train"), options);
  rmSync(path(`models/${target}`), { recursive: true, force: true });
  await head.save(path(`models/${target}`));
  const { accuracy } = await head.evaluate(path("pictures/textures/test"));
  await head.dispose();
  await model.dispose();
  console.log(`${target}: ${head.summary.training} pictures, accuracy ${accuracy}`);
}
