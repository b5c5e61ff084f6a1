import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Padding, SEPARABLE_SIDE, windowsAlong } from "../../ops/separable-convolution.js";
import { runBands } from "./convolution-bands.js";
import { checkShape, type Kernel } from "./define-kernel.js";

/** `activation(pointwise(depthwise(x)) + shortcut)`: inputs in the order x, both filters and biases, then the shortcut if there is one. */
export const separableConvolution: Kernel = {
  name: "VitrailSeparableConvolution",
  compute(backend, inputs, attributes: { stride: 1 | 2; padding: Padding; activation?: "relu" }) {
    const [x, filter, filterBias, kernel, bias, shortcut] = Object.values(inputs) as TensorInfo[];
    const [batchSize, inHeight, inWidth, inChannels] = x!.shape as [number, number, number, number];
    const columns = kernel!.shape.at(-1)!;
    const check = (name: string, input: TensorInfo, shape: number[]) =>
      checkShape("VitrailSeparableConvolution", name, input, shape);
    check("depthwiseKernel", filter!, [SEPARABLE_SIDE, SEPARABLE_SIDE, inChannels, 1]);
    check("depthwiseBias", filterBias!, [inChannels]);
    check("kernel", kernel!, [1, 1, inChannels, columns]);
    check("bias", bias!, [columns]);
    const [down, across] = [windowsAlong(inHeight, attributes), windowsAlong(inWidth, attributes)];
    const shortcutChannels = shortcut?.shape.at(-1) ?? 0;
    const pooled = shortcut && shortcut.shape[1]! !== down.count ? 2 : 1;
    if (shortcut) {
      const fewer = Math.min(shortcutChannels, columns);
      check("shortcut", shortcut, [batchSize, pooled * down.count, pooled * across.count, fewer]);
    }
    const out = backend.output([batchSize, down.count, across.count, columns]);
    const geometry = {
      batchSize,
      inHeight,
      inWidth,
      inChannels,
      outHeight: down.count,
      outWidth: across.count,
      side: SEPARABLE_SIDE,
      stride: attributes.stride,
      padTop: down.before,
      padLeft: across.before,
    };
    runBands(backend, {
      geometry,
      x: backend.address(x!),
      y: out.start,
      depthwise: { filter: backend.address(filter!), bias: backend.address(filterBias!) },
      panels: backend.panels(kernel!, inChannels, columns, "k"),
      bias: backend.address(bias!),
      k: inChannels,
      columns,
      isRelu: attributes.activation === "relu",
      shortcut: shortcut && { address: backend.address(shortcut), channels: shortcutChannels, pooled },
    });
    return out;
  },
};
