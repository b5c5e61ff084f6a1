// A thread that runs ONNX Runtime, whose binding blocks the thread that calls it. It answers one message after another.
import { parentPort, workerData } from "node:worker_threads";

/** @type {Map<number, import("./onnx-thread.js").Session>} */
const sessions = new Map();
let count = 0;

const { default: ort } = await import(workerData.module);

const ANSWERS = {
  version: () => ort.env.versions?.node ?? "",
  async create({ graph, options }) {
    sessions.set(++count, await ort.InferenceSession.create(graph, options));
    return count;
  },
  async run({ session, input, values, shape }) {
    const results = await sessions.get(session).run({ [input]: new ort.Tensor("float32", values, shape) });
    return Object.entries(results).map(([name, { data, dims }]) => [name, { data, shape: [...dims] }]);
  },
  async release({ session }) {
    await sessions.get(session).release();
    sessions.delete(session);
  },
};

// Messages wait in the port while the package is loaded.
let last = Promise.resolve();
parentPort.on("message", ({ id, kind, ...request }) => {
  last = last.then(async () => {
    try {
      parentPort.postMessage({ id, result: await ANSWERS[kind](request) });
    } catch (error) {
      parentPort.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
});
