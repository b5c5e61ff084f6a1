// Writes conformance/models/trained-{vit,eva}: heads that vitrail trained on conformance/pictures/textures, as Head.save writes them. After `npm run build`;
// then make_golden.py lets PyTorch (ViTForImageClassification.from_pretrained, timm.create_model) run the same folders:
//   node tools/reference/trained_heads.mjs
//   for name in trained-vit trained-eva; do make_golden.py conformance/models/$name; mv conformance/models/$name/golden.safetensors conformance/goldens/$name.safetensors; … .json; done
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../dist/index.js";
import { fitHead } from "../../dist/training.js";

const path = (name) => fileURLToPath(new URL(`../../conformance/${name}`, import.meta.url));

for (const [source, target] of [
  ["vit-bare", "trained-vit"],
  ["eva-wrapper", "trained-eva"],
]) {
  const model = await loadModel(path(`models/${source}`));
  const head = await fitHead(model, path("pictures/textures/train"));
  rmSync(path(`models/${target}`), { recursive: true, force: true });
  await head.save(path(`models/${target}`));
  const { accuracy } = await head.evaluate(path("pictures/textures/test"));
  await model.dispose();
  console.log(`${target}: ${head.summary.training} pictures, accuracy ${accuracy}`);
}
