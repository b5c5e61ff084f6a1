import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { type Padding, SEPARABLE_SIDE, separableConvolution, windowsAlong } from "../ops/separable-convolution.js";
import { Operation } from "./operation.js";

export interface SeparableConvolutionConfig {
  name?: string;
  /** Channels of the output. */
  channels: number;
  /** Default 1. */
  stride?: 1 | 2;
  /** Where the zeros around the picture go, see `Padding`. Default `"same"`. */
  padding?: Padding;
  /**
   * What is added: the layer's own input, or a second input, or nothing. Where it is larger than the output, each 2 x 2 of its pixels count by
   * their largest values, and where it has fewer channels, zeros stand for the others. Default `"none"`.
   */
  shortcut?: "input" | "second" | "none";
  /** Applied last. */
  activation?: "relu";
}

/**
 * A 3 x 3 convolution of each channel by itself, then a 1 x 1 convolution, each with bias, plus a shortcut.
 * `[batch, height, width, in]` → `[batch, height / stride, width / stride, channels]`
 */
export class SeparableConvolution extends Operation {
  static readonly className = "VitrailSeparableConvolution";

  constructor(private readonly config: SeparableConvolutionConfig) {
    super(config);
  }

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    const width = input!.at(-1)!;
    const { channels } = this.config;
    return {
      depthwise_kernel: [SEPARABLE_SIDE, SEPARABLE_SIDE, width, 1],
      depthwise_bias: [width],
      kernel: [1, 1, width, channels],
      bias: [channels],
    };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, height, width] = input as [number, number, number];
    const side = (length: number) => windowsAlong(length, this.options()).count;
    return [batch, side(height), side(width), this.config.channels];
  }

  protected compute([x, second]: Tensor[]): Tensor {
    const shortcut = { input: x, second, none: undefined }[this.config.shortcut ?? "none"];
    const weights = {
      depthwiseKernel: this.weight("depthwise_kernel"),
      depthwiseBias: this.weight("depthwise_bias"),
      kernel: this.weight("kernel"),
      bias: this.weight("bias"),
    };
    return separableConvolution(x!, weights, { ...this.options(), shortcut, activation: this.config.activation });
  }

  private options() {
    const { stride = 1, padding = "same" } = this.config;
    return { stride, padding };
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(SeparableConvolution);
