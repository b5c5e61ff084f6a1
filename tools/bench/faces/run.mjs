// npm run bench:faces: what the face detectors find, beside MediaPipe, human and face-api, on the same pictures. Writes the tables of
// docs/faces.md, between its two marks. Takes some 10 minutes on two cores. Needs the built package; installs the peers beside this file.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "tsup";
// By their places: a folder with a package.json of its own does not know the package that it lies in by name.
import { loadFaceDetector } from "../../../dist/faces.js";
import { decodeImage, encodeJpeg, resizeImage } from "../../../dist/images.js";

const folder = import.meta.dirname;
const document = join(folder, "../../../docs/faces.md");
const [BEGIN, END] = ["<!-- tables: begin -->", "<!-- tables: end -->"];
// In the folder of the photographs and of what is known about them, which are looked for from where the bundle is.
const conformance = join(folder, "../../../conformance");
const bundle = join(conformance, "faces.bundle.mjs");

if (!existsSync(join(folder, "node_modules")))
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
try {
  const entry = { "faces.bundle": join(folder, "report.ts") };
  const output = { outDir: conformance, outExtension: () => ({ js: ".mjs" }), clean: false, silent: true };
  await build({ config: false, entry, ...output, format: "esm", target: "node20" });
  const { report } = await import(pathToFileURL(bundle).href);
  const tables = await report({ loadFaceDetector, decodeImage, encodeJpeg, resizeImage }, folder, console.log);
  const text = readFileSync(document, "utf8");
  const [before, after] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
  writeFileSync(document, `${before}\n\n${tables.trim()}\n\n${after}`);
} finally {
  rmSync(bundle, { force: true });
}
