// Makes `.cache/engines/tensorflow`: a project with vitrail and @tensorflow/tfjs-node, its native part compiled here against the TensorFlow
// library of the Python wheel. For machines that reach package registries only; users of tfjs-node get its prebuilt download.
// Needs Linux, Python 3 with pip, make and g++; 2.5 GB of disk; some two minutes.
//
//   node tools/engines/build-tensorflow.mjs && npm run conformance -- --engine tensorflow --project .cache/engines/tensorflow
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, run, userProject } from "./user-project.mjs";

const TFJS_NODE = "@tensorflow/tfjs-node@4.22.0";
/** Any of 2.9 and later has the C functions that the binding calls. */
const WHEEL = "tensorflow-cpu==2.21.0";
const PYTHON = process.env.PYTHON ?? "python3";

const library = fetchLibrary(join(root, ".cache/engines/libtensorflow"));
const project = userProject("tensorflow", [TFJS_NODE]);
compileBinding(join(project, "node_modules/@tensorflow/tfjs-node"), library);
console.log(project);

/** The wheel's C headers and its two shared libraries. */
function fetchLibrary(folder) {
  const library = join(folder, "tensorflow");
  if (existsSync(join(library, "libtensorflow_cc.so.2"))) return library;
  mkdirSync(folder, { recursive: true });
  run(PYTHON, ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, WHEEL]);
  const wheel = readdirSync(folder).find((file) => file.endsWith(".whl"));
  const extract = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(("tensorflow/include/", "tensorflow/libtensorflow_")):
            wheel.extract(name, sys.argv[2])`;
  run(PYTHON, ["-c", extract, join(folder, wheel), folder]);
  rmSync(join(folder, wheel));
  return library;
}

function compileBinding(tfjsNode, library) {
  const { binary } = JSON.parse(readFileSync(join(tfjsNode, "package.json"), "utf8"));
  const version = Math.max(...binary.napi_versions.filter((napi) => napi <= Number(process.versions.napi)));
  const target = join(tfjsNode, `lib/napi-v${version}`);
  if (existsSync(join(target, "tfjs_binding.node"))) return;
  const dependencies = join(tfjsNode, "deps");
  mkdirSync(join(dependencies, "lib"), { recursive: true });
  const link = (from, to) => {
    rmSync(join(dependencies, to), { force: true });
    symlinkSync(join(library, from), join(dependencies, to));
  };
  link("include", "include");
  link("libtensorflow_cc.so.2", "lib/libtensorflow_cc.so.2");
  link("libtensorflow_cc.so.2", "lib/libtensorflow.so"); // what the linker looks for
  link("libtensorflow_framework.so.2", "lib/libtensorflow_framework.so.2");
  link("libtensorflow_framework.so.2", "lib/libtensorflow_framework.so");

  const npmModules = execFileSync("npm", ["root", "-g"], { encoding: "utf8" }).trim();
  const nodeGyp = join(npmModules, "npm/node_modules/node-gyp/bin/node-gyp.js");
  // Node's own headers, where they are installed beside it; node-gyp downloads them otherwise.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include/node/node_api.h")) ? [`--nodedir=${prefix}`] : [];
  run(
    process.execPath,
    [
      nodeGyp,
      "rebuild",
      ...headers,
      "--module_name=tfjs_binding",
      `--module_path=${target}`,
      `--napi_build_version=${version}`,
      `--napi_version=${version}`,
    ],
    { cwd: tfjsNode },
  );
}
