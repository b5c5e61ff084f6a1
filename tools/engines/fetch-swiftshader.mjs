// Makes `.cache/engines/webgpu`: a project with vitrail and TF.js's WebGPU backend, and beside it SwiftShader, a Vulkan device in software that
// Dawn accepts, out of Debian's chromium-common package (Mesa's llvmpipe is refused). Very slow: for the tiny models of the conformance suite.
// Needs Debian or Ubuntu with an apt list that is up to date.
//
//   eval "$(node tools/engines/fetch-swiftshader.mjs)" && npm run conformance -- --engine webgpu --project .cache/engines/webgpu
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, run, userProject } from "./user-project.mjs";

const PEERS = ["webgpu@0.6.2", "@tensorflow/tfjs-backend-webgpu@4.22.0"];
const folder = join(root, ".cache/engines/swiftshader");
const icd = join(folder, "usr/lib/chromium/vk_swiftshader_icd.json");

if (!existsSync(icd)) {
  mkdirSync(folder, { recursive: true });
  run("apt-get", ["download", "chromium-common", "libvulkan1"], { cwd: folder });
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) {
    run("dpkg-deb", ["--extract", join(folder, file), folder]);
    rmSync(join(folder, file));
  }
}
userProject("webgpu", PEERS);
const libraries = readdirSync(join(folder, "usr/lib")).filter((name) => name.includes("-linux-"));
const path = [...libraries.map((name) => join(folder, "usr/lib", name)), process.env.LD_LIBRARY_PATH]
  .filter(Boolean)
  .join(":");
console.log(`export VK_ICD_FILENAMES='${icd}' LD_LIBRARY_PATH='${path}'`);
