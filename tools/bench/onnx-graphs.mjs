// ViT and EVA-02 as ONNX graphs over their own safetensors file: the operators that PyTorch's exporter writes, without Python.
// "int8" is ONNX Runtime's dynamic quantization, with weights quantized per channel.
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { OnnxWriter } from "./onnx-writer.mjs";

/**
 * @param options `precision`: "fp32" or "int8"; `weights`: "external" leaves them in the checkpoint, "embedded" copies them
 * @returns the bytes of the .onnx file, which has to lie beside the checkpoint where weights are external
 */
export function onnxGraph(kind, checkpoint, config, { precision = "fp32", weights = "external" } = {}) {
  const graph = new Transformer(checkpoint, { precision, weights });
  return kind === "vit" ? vit(graph, config) : eva(graph);
}

class Transformer extends OnnxWriter {
  constructor(checkpoint, { precision, weights }) {
    super();
    this.checkpoint = checkpoint;
    this.precision = precision;
    this.weights = weights;
    this.header = readHeader(checkpoint);
  }

  has(name) {
    return this.header.has(name);
  }

  weight(name) {
    const { shape, offset, length } = this.header.get(name);
    if (this.weights === "embedded") return this.constant(this.read(name), shape);
    return this.external(name, shape, { location: basename(this.checkpoint), offset, length });
  }

  read(name) {
    const { offset, length } = this.header.get(name);
    const values = new Float32Array(length / 4);
    const file = openSync(this.checkpoint, "r");
    readSync(file, new Uint8Array(values.buffer), 0, length, offset);
    closeSync(file);
    return values;
  }

  /** x `[..., in]` times a stored `[out, in]`, plus bias */
  linear(x, name) {
    const bias = this.has(`${name}.bias`) ? [this.weight(`${name}.bias`)] : [];
    if (this.precision === "int8") {
      const { values, scales, shape } = quantize(this.read(`${name}.weight`), this.header.get(`${name}.weight`).shape);
      const inputs = [x, this.constant(values, shape), this.constant(scales, [scales.length]), "", ...bias];
      return this.node("DynamicQuantizeMatMul", inputs, { domain: "com.microsoft" });
    }
    const product = this.node("MatMul", [x, this.node("Transpose", [this.weight(`${name}.weight`)], { perm: [1, 0] })]);
    return bias.length > 0 ? this.node("Add", [product, ...bias]) : product;
  }

  norm(x, name, epsilon) {
    const inputs = [x, this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    return this.node("LayerNormalization", inputs, { axis: -1, epsilon: { float: epsilon } });
  }

  gelu(x) {
    const erf = this.node("Erf", [this.node("Div", [x, this.scalar(Math.SQRT2)])]);
    return this.node("Mul", [this.node("Mul", [x, this.node("Add", [erf, this.scalar(1)])]), this.scalar(0.5)]);
  }

  /** `[batch, 3, height, width]` → `[batch, tokens, width]` */
  embed({ projection, classToken, positions, patch, width }) {
    const inputs = ["pixel_values", this.weight(`${projection}.weight`), this.weight(`${projection}.bias`)];
    const patches = this.node("Conv", inputs, { kernel_shape: [patch, patch], strides: [patch, patch] });
    const flat = this.node("Reshape", [patches, this.integers(0, width, -1)]);
    const tokens = this.node("Transpose", [flat], { perm: [0, 2, 1] });
    const batch = this.node("Shape", ["pixel_values"], { start: 0, end: 1 });
    const wanted = this.node("Concat", [batch, this.integers(1, width)], { axis: 0 });
    const classTokens = this.node("Expand", [this.weight(classToken), wanted]);
    return this.node("Add", [this.node("Concat", [classTokens, tokens], { axis: 1 }), this.weight(positions)]);
  }

  /** `turn` rotates queries and keys by their positions, `[batch, heads, tokens, size]`. */
  attention(x, [query, key, value], { heads, width, turn = (y) => y }) {
    const split = this.integers(0, -1, heads, width / heads);
    const headsOf = (name) => {
      const projected = this.node("Reshape", [this.linear(x, name), split]);
      return this.node("Transpose", [projected], { perm: [0, 2, 1, 3] });
    };
    const scaled = this.node("Mul", [turn(headsOf(query)), this.scalar((width / heads) ** -0.5)]);
    const keys = this.node("Transpose", [turn(headsOf(key))], { perm: [0, 1, 3, 2] });
    const weights = this.node("Softmax", [this.node("MatMul", [scaled, keys])], { axis: -1 });
    const mixed = this.node("Transpose", [this.node("MatMul", [weights, headsOf(value)])], { perm: [0, 2, 1, 3] });
    return this.node("Reshape", [mixed, this.integers(0, -1, width)]);
  }

  head(x, name, size) {
    const logits = this.linear(x, name);
    this.node("Identity", [logits], { output: "logits" });
    this.output("logits", ["batch", size]);
    return this.finish();
  }
}

function vit(graph, config) {
  const { hidden_size: width, num_attention_heads: heads, image_size: size, layer_norm_eps: epsilon } = config;
  graph.input("pixel_values", ["batch", 3, size, size]);
  let x = graph.embed({
    projection: "vit.embeddings.patch_embeddings.projection",
    classToken: "vit.embeddings.cls_token",
    positions: "vit.embeddings.position_embeddings",
    patch: config.patch_size,
    width,
  });
  for (let block = 0; block < config.num_hidden_layers; block++) {
    const layer = `vit.encoder.layer.${block}`;
    const projections = ["query", "key", "value"].map((name) => `${layer}.attention.attention.${name}`);
    const mixed = graph.attention(graph.norm(x, `${layer}.layernorm_before`, epsilon), projections, { heads, width });
    x = graph.node("Add", [graph.linear(mixed, `${layer}.attention.output.dense`), x]);
    const hidden = graph.linear(graph.norm(x, `${layer}.layernorm_after`, epsilon), `${layer}.intermediate.dense`);
    x = graph.node("Add", [graph.linear(graph.gelu(hidden), `${layer}.output.dense`), x]);
  }
  const classToken = graph.node(
    "Gather",
    [graph.norm(x, "vit.layernorm", epsilon), graph.constant(BigInt64Array.of(0n), [])],
    { axis: 1 },
  );
  return graph.head(classToken, "classifier", graph.header.get("classifier.bias").shape[0]);
}

/** eva02_base_patch14_448 of timm, whose config names its architecture only. */
function eva(graph) {
  const [width, heads, patch, size, epsilon, root] = [768, 12, 14, 448, 1e-6, "timm_model"];
  graph.input("pixel_values", ["batch", 3, size, size]);
  const turn = rotation(graph, { grid: size / patch, referenceGrid: 16, channels: width / heads });
  let x = graph.embed({
    projection: `${root}.patch_embed.proj`,
    classToken: `${root}.cls_token`,
    positions: `${root}.pos_embed`,
    patch,
    width,
  });
  for (let block = 0; block < 12; block++) {
    const layer = `${root}.blocks.${block}`;
    const projections = ["q_proj", "k_proj", "v_proj"].map((name) => `${layer}.attn.${name}`);
    const mixed = graph.attention(graph.norm(x, `${layer}.norm1`, epsilon), projections, { heads, width, turn });
    x = graph.node("Add", [graph.linear(mixed, `${layer}.attn.proj`), x]);
    const normal = graph.norm(x, `${layer}.norm2`, epsilon);
    const gate = graph.linear(normal, `${layer}.mlp.fc1_g`);
    const silu = graph.node("Mul", [gate, graph.node("Sigmoid", [gate])]);
    const gated = graph.node("Mul", [silu, graph.linear(normal, `${layer}.mlp.fc1_x`)]);
    x = graph.node("Add", [graph.linear(graph.norm(gated, `${layer}.mlp.norm`, epsilon), `${layer}.mlp.fc2`), x]);
  }
  const end = Number.MAX_SAFE_INTEGER;
  const patches = graph.node("Slice", [x, graph.integers(1), graph.integers(end), graph.integers(1)]);
  const mean = graph.node("ReduceMean", [patches, graph.integers(1)], { keepdims: 0 });
  return graph.head(graph.norm(mean, `${root}.fc_norm`, epsilon), `${root}.head`, 4);
}

/** Rotary positions as timm's EVA-02 applies them: neighboring channels are a pair; the class token stays. */
function rotation(graph, { grid, referenceGrid, channels }) {
  const tokens = grid * grid + 1;
  const cosines = new Float32Array(tokens * channels).fill(1);
  const sines = new Float32Array(tokens * channels);
  for (let token = 1; token < tokens; token++)
    for (let channel = 0; channel < channels; channel++) {
      const isRow = channel < channels / 2;
      const place = isRow ? Math.floor((token - 1) / grid) : (token - 1) % grid;
      const band = 10000 ** (-Math.floor((channel % (channels / 2)) / 2) / (channels / 4));
      const angle = (place / grid) * referenceGrid * band;
      cosines[token * channels + channel] = Math.cos(angle);
      sines[token * channels + channel] = Math.sin(angle);
    }
  const cosine = graph.constant(cosines, [tokens, channels]);
  const sine = graph.constant(sines, [tokens, channels]);
  const pairs = graph.integers(0, 0, 0, channels / 2, 2);
  const whole = graph.integers(0, 0, 0, channels);
  const [first, second] = [graph.integers(0), graph.integers(1)];
  return (x) => {
    const paired = graph.node("Reshape", [x, pairs]);
    const minus = graph.node("Neg", [graph.node("Gather", [paired, second], { axis: 4 })]);
    const swapped = graph.node("Concat", [minus, graph.node("Gather", [paired, first], { axis: 4 })], { axis: 4 });
    const turned = graph.node("Mul", [graph.node("Reshape", [swapped, whole]), sine]);
    return graph.node("Add", [graph.node("Mul", [x, cosine]), turned]);
  };
}

/** `[out, in]` → int8 `[in, out]` with a scale for each output */
function quantize(weights, [out, inner]) {
  const values = new Int8Array(inner * out);
  const scales = new Float32Array(out);
  for (let row = 0; row < out; row++) {
    let largest = 0;
    for (let k = 0; k < inner; k++) largest = Math.max(largest, Math.abs(weights[row * inner + k]));
    scales[row] = (largest || 1) / 127;
    for (let k = 0; k < inner; k++) values[k * out + row] = Math.round(weights[row * inner + k] / scales[row]);
  }
  return { values, scales, shape: [inner, out] };
}

/** Name to shape and place of a safetensors file whose tensors are all float32. */
function readHeader(path) {
  const file = openSync(path, "r");
  const prefix = Buffer.alloc(8);
  readSync(file, prefix, 0, 8, 0);
  const json = Buffer.alloc(Number(prefix.readBigUInt64LE()));
  readSync(file, json, 0, json.length, 8);
  closeSync(file);
  const { __metadata__, ...tensors } = JSON.parse(json.toString());
  const place = ({ shape, data_offsets: [begin, end] }) => ({
    shape,
    offset: 8 + json.length + begin,
    length: end - begin,
  });
  return new Map(Object.entries(tensors).map(([name, tensor]) => [name, place(tensor)]));
}
