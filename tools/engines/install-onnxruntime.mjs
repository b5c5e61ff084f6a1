// Makes `.cache/engines/onnxruntime`: a project with vitrail and onnxruntime-node (110 MB to download). Install scripts stay off: the package
// brings its library for processors, and its script would fetch one for NVIDIA's.
//
//   node tools/engines/install-onnxruntime.mjs && npm run conformance -- --engine onnxruntime --project .cache/engines/onnxruntime
import { userProject } from "./user-project.mjs";

console.log(userProject("onnxruntime", ["onnxruntime-node@1.30.0"]));
