// What is measured, and on whom. A peer is a command; all peers of a workload run in turns within one run.
import { join } from "node:path";

const MODELS = {
  "vit-base": { kind: "vit", title: "ViT-B/16 at 224 px", size: 224 },
  "eva02-base": { kind: "eva", title: "EVA-02-B/14 at 448 px", size: 448 },
};
/** tfjs-backend-wasm takes so long that it runs in so many rounds only. */
const SLOW = { rounds: 1 };

/**
 * @param places `node20`, `node24`, `python`: programs, the last two undefined where there is none; `folders`: checkpoints by model, with the
 *   graphs that prepare.mjs wrote beside them; `photograph`, `portrait`: files
 * @returns workloads `{ name, title, rounds, passes, peers: [{ name, command, args, env, rounds }] }`; with `starts` instead of rounds and passes,
 *   each peer's process is started so often, in turns, and makes its first pass only
 */
export function workloads(places) {
  const forward = (model, batch, threads, rounds) => {
    const { title, size } = MODELS[model];
    // tfjs-backend-wasm would take minutes for eight large pictures; of its one thread one workload is enough.
    const hasTime = threads === 2 && !(model === "eva02-base" && batch > 1);
    return {
      name: `${model}, batch ${batch}, ${threads} thread${threads > 1 ? "s" : ""}`,
      title: `${title}, batch ${batch}, ${threads} thread${threads > 1 ? "s" : ""}`,
      model,
      batch,
      threads,
      rounds,
      passes: 1,
      peers: [
        ...vitrailPeers(places, { task: "tensor", folder: places.folders[model], size, batch, threads }),
        ...(hasTime ? [wasmPeer(places, { task: "tensor", folder: places.folders[model], size, batch })] : []),
        ...ownOnnxPeers(places, { task: "tensor", folder: places.folders[model], size, batch, threads }),
        ...onnxPeers(places, { model, size, batch, threads }),
        ...pytorchPeers(places, { model, size, batch, threads }),
      ],
    };
  };
  const facePeers = (options) => [
    ...vitrailPeers(places, options).filter(({ dtype }) => !dtype),
    { ...wasmPeer(places, options), rounds: 6 },
  ];
  const folder = places.folders["vit-base"];
  const smallest = { model: "vit-base", size: 224, batch: 1, threads: 2 };
  const first = forward("vit-base", 1, 2, 9);
  return [
    {
      name: "cold start",
      title: "ViT-B/16 from a cold process to the first logits",
      starts: 5,
      peers: [
        ...vitrailPeers(places, { ...smallest, task: "tensor", folder }),
        ...onnxPeers(places, smallest),
        ...pytorchPeers(places, smallest),
      ],
    },
    {
      name: "memory",
      title: "ViT-B/16 in memory, and 50 loads",
      starts: 1,
      peers: vitrailPeers(places, { folder, threads: 2, loads: 50 }, "peer-memory.mjs").filter(({ dtype }) => !dtype),
    },
    { ...first, peers: [...first.peers, ...float16Peers(places, { ...smallest, task: "tensor", folder })] },
    forward("eva02-base", 1, 2, 4),
    forward("vit-base", 8, 2, 3),
    forward("eva02-base", 8, 2, 1),
    forward("vit-base", 1, 1, 5),
    forward("eva02-base", 1, 1, 2),
    {
      name: "attention",
      title: "Attention over 1025 tokens, 12 heads of 64, beside products of as many multiply-adds, 2 threads",
      rounds: 6,
      passes: 20,
      peers: attentionPeers(places),
    },
    {
      name: "file to labels",
      title: "ViT-B/16 from a JPEG file (512 x 600) to labels, 2 threads",
      rounds: 9,
      passes: 1,
      peers: [
        ...vitrailPeers(places, {
          task: "file",
          folder: places.folders["vit-base"],
          file: places.photograph,
          threads: 2,
        }),
        ...ownOnnxPeers(places, {
          task: "file",
          folder: places.folders["vit-base"],
          file: places.photograph,
          threads: 2,
        }).slice(0, 1),
        {
          name: "transformers.js fp32",
          command: places.node20,
          args: ["peer-transformers.mjs", { folder: places.folders.transformers, file: places.photograph, threads: 2 }],
        },
      ],
    },
    {
      name: "faces, forward",
      title: "BlazeFace short range, forward pass, 2 threads",
      rounds: 6,
      passes: 20,
      peers: facePeers({ task: "faces forward", threads: 2 }),
    },
    {
      name: "faces",
      title: "BlazeFace short range, from 128 x 128 pixels to faces, 2 threads",
      rounds: 6,
      passes: 20,
      peers: facePeers({ task: "faces", file: places.portrait, threads: 2 }),
    },
  ];
}

/** The attention in both precisions and the products of float32, on each Node. */
function attentionPeers(places) {
  const each = (what, precision) =>
    vitrailPeers(places, { what, folder: places.folders["vit-base"], threads: 2 })
      .filter(({ dtype }) => !dtype)
      .map(({ args: [, options], ...peer }) => ({
        ...peer,
        name: peer.name.replace("vitrail, fp32", precision),
        args: ["peer-attention.mjs", options],
      }));
  return [
    ...each("attention", "vitrail, fp32"),
    ...each("int8 attention", "vitrail, int8"),
    ...each("products", "products, fp32"),
  ];
}

/** Ours on each Node, plain and with paired vectors, in float32 and int8. */
function vitrailPeers({ node20, node24 }, options, script = "peer-vitrail.mjs", precisions = ["fp32", "int8"]) {
  const peer = (name, command, extra, env) => ({
    name: `vitrail, ${name}`,
    isOurs: true,
    command,
    args: [script, { ...options, ...extra }],
    env,
    ...extra,
  });
  const paired = { VITRAIL_REVECTORIZE: "1" };
  const nodes = [
    ["Node 20", node20],
    ["Node 24", node24],
    ["Node 24 revectorized", node24, paired],
  ].filter(([, command]) => command);
  const dtypes = { fp32: {}, fp16: { dtype: "float16" }, int8: { dtype: "int8" } };
  return precisions.flatMap((precision) =>
    nodes.map(([name, command, env]) => peer(`${precision}, ${name}`, command, dtypes[precision], env)),
  );
}

const float16Peers = (places, options) => vitrailPeers(places, options, "peer-vitrail.mjs", ["fp16"]);

/** Ours on the user's ONNX Runtime, here the peer's. */
const ownOnnxPeers = ({ node20 }, options) =>
  ["fp32", "int8"].map((precision) => {
    const extra = { engine: "onnxruntime", ...(precision === "int8" && { dtype: "int8" }) };
    return {
      name: `vitrail, ${precision}, on onnxruntime`,
      isOurs: true,
      command: node20,
      args: ["peer-vitrail.mjs", { ...options, ...extra }],
      ...extra,
    };
  });

const wasmPeer = ({ node20 }, options) => ({
  name: "tfjs-backend-wasm",
  command: node20,
  args: ["peer-vitrail.mjs", { ...options, engine: "wasm" }],
  ...SLOW,
});

const onnxPeers = ({ node20, folders }, { model, ...options }) =>
  ["fp32", "int8"].map((precision) => ({
    name: `onnxruntime-node ${precision}`,
    command: node20,
    args: ["peer-onnxruntime.mjs", { ...options, graph: join(folders[model], `${precision}.onnx`) }],
  }));

const pytorchPeers = ({ python, folders }, { model, ...options }) =>
  ["PyTorch eager", "PyTorch with oneDNN Linear"]
    .filter(() => python)
    .map((name, index) => ({
      name,
      command: python,
      args: [
        "peer_pytorch.py",
        { ...options, kind: MODELS[model].kind, folder: folders[model], linear: ["plain", "onednn"][index] },
      ],
    }));
