import { type GradConfig, pad4d, reshape, slice, type Tensor, type Tensor4D, transpose } from "@tensorflow/tfjs-core";
import { fusedKernel } from "./fused-kernel.js";

/**
 * Cuts pictures into patches, each flattened in the order of a PyTorch convolution's weight: channel, row, column. Patches go row by row;
 * pixels past the last whole patch are left out, as a convolution with stride leaves them out.
 * `[batch, height, width, channels]` → `[batch, patches, channels * size.height * size.width]`
 */
export function imagePatches(image: Tensor4D, size: { height: number; width: number }): Tensor {
  return fusedKernel("VitrailImagePatches", { image }, { size, shape: image.shape }, () => {
    const [batch, height, width, channels] = image.shape;
    const rows = Math.floor(height / size.height);
    const columns = Math.floor(width / size.width);
    const whole = slice(image, [0, 0, 0, 0], [batch, rows * size.height, columns * size.width, channels]);
    // Two transposes of rank 5 and 3 instead of one of rank 6, which not every backend has.
    const bands = reshape(whole, [batch * rows, size.height, columns, size.width * channels]);
    const cut = reshape(transpose(bands, [0, 2, 1, 3]), [batch * rows * columns, size.height * size.width, channels]);
    const channelFirst = transpose(cut, [0, 2, 1]);
    return reshape(channelFirst, [batch, rows * columns, channels * size.height * size.width]);
  });
}

/** Puts each patch back in its place; pixels that belong to none have no influence. */
export const imagePatchesGradient: GradConfig = {
  kernelName: "VitrailImagePatches",
  gradFunc: (dy, _, attributes) => {
    const { size, shape } = attributes as unknown as {
      size: { height: number; width: number };
      shape: Tensor4D["shape"];
    };
    const [batch, height, width, channels] = shape;
    const rows = Math.floor(height / size.height);
    const columns = Math.floor(width / size.width);
    const image = () => {
      const cut = reshape(dy as Tensor, [batch * rows * columns, channels, size.height * size.width]);
      const bands = reshape(transpose(cut, [0, 2, 1]), [batch * rows, columns, size.height, size.width * channels]);
      const [wholeHeight, wholeWidth] = [rows * size.height, columns * size.width];
      const whole = reshape(transpose(bands, [0, 2, 1, 3]), [batch, wholeHeight, wholeWidth, channels]) as Tensor4D;
      return pad4d(whole, [
        [0, 0],
        [0, height - wholeHeight],
        [0, width - wholeWidth],
        [0, 0],
      ]);
    };
    return { image };
  },
};
