import { EngineError } from "../../errors.js";
import type { PeerPackages } from "../engines/peer-packages.js";
import { OnnxThread, onnxError } from "./onnx-thread.js";

const PACKAGE = "onnxruntime-node";
/** Has the operators of opset 23 for processors. Tested with 1.30; nothing older was tried. */
const OLDEST = [1, 24] as const;

/**
 * Loads the user's ONNX Runtime in a thread of its own.
 *
 * @throws EngineError `engine/not-installed`, `engine/too-old`, `engine/failed`
 */
export async function startOnnxRuntime(packages: PeerPackages): Promise<OnnxThread> {
  const found = packages.find(PACKAGE);
  if (!found)
    throw new EngineError(
      "engine/not-installed",
      `The engine "onnxruntime" needs the package "${PACKAGE}", which is not installed. Install it: npm install ${PACKAGE}`,
      { details: { engine: "onnxruntime", package: PACKAGE } },
    );
  const thread = new OnnxThread(found.path);
  try {
    checkVersion(await thread.version());
    return thread;
  } catch (cause) {
    await thread.close();
    throw cause instanceof EngineError ? cause : onnxError(cause);
  }
}

function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new EngineError(
    "engine/too-old",
    `The engine "onnxruntime" needs ${PACKAGE} ${OLDEST.join(".")} or newer; found ${version || "one that does not say its version"}. Install it: npm install ${PACKAGE}@latest`,
    { details: { engine: "onnxruntime", package: PACKAGE, version } },
  );
}
