// The engine "onnxruntime" beside the graphs that PyTorch exports, in the same ONNX Runtime, and beside transformers.js.

const MODELS = [
  { model: "vit-base", title: "ViT-B/16", size: 224, rounds: 12, passes: 3 },
  { model: "eva02-base", title: "EVA-02-B/14 at 448 px", size: 448, rounds: 8, passes: 1 },
];
const THREADS = 2;

/** Of a workload, so that its figures stand in one section of the document. */
export const ONNX_SECTION = "onnxruntime";

/**
 * @param places as `workloads`; `exported`: graphs by model, undefined where nothing could export them
 * @returns workloads as `workloads` has them, with `section` and, but for the last, `model`
 */
export function onnxWorkloads({ node20, folders, exported, photograph }) {
  const ours = (options, precision = "fp32") => ({
    name: `vitrail, ${precision}, on onnxruntime`,
    isOurs: true,
    command: node20,
    args: [
      "peer-vitrail.mjs",
      { engine: "onnxruntime", threads: THREADS, ...options, ...(precision === "int8" && { dtype: "int8" }) },
    ],
  });
  const peersOf = ({ model, size }) => {
    const options = { size, batch: 1, threads: THREADS };
    const graph = (name, title) => ({
      name: title,
      command: node20,
      args: ["peer-onnxruntime.mjs", { ...options, graph: exported?.[model][name] }],
    });
    const own = { ...options, task: "tensor", folder: folders[model] };
    return [
      ours(own),
      graph("fp32", "torch.onnx fp32"),
      graph("torchscript", "torch.onnx fp32, TorchScript"),
      ours(own, "int8"),
      graph("int8", "torch.onnx int8"),
    ];
  };
  const section = ONNX_SECTION;
  return [
    ...MODELS.flatMap(({ rounds, passes, ...one }) => [
      {
        name: `onnxruntime, ${one.model}`,
        title: `${one.title}, batch 1, 2 threads`,
        section,
        model: one.model,
        rounds,
        passes,
        peers: peersOf(one),
      },
      {
        name: `onnxruntime, ${one.model}, cold start`,
        title: `${one.title}, from a cold process to the first logits`,
        section,
        model: one.model,
        starts: 4,
        peers: peersOf(one),
      },
    ]),
    {
      name: "onnxruntime, file to labels",
      title: "ViT-B/16 from a JPEG file (512 x 600) to labels, 2 threads",
      section,
      rounds: 12,
      passes: 3,
      peers: [
        ours({ task: "file", folder: folders["vit-base"], file: photograph }),
        {
          name: "transformers.js fp32",
          command: node20,
          args: ["peer-transformers.mjs", { folder: folders.transformers, file: photograph, threads: THREADS }],
        },
      ],
    },
  ].filter(() => exported);
}
