import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { type AttentionPrecision, attention, attentionWeights } from "../ops/attention.js";
import { Operation } from "./operation.js";

export interface AttentionConfig {
  name?: string;
  heads: number;
}

/** Multi-head attention over ready queries, keys and values; three inputs `[batch, tokens, width]` → `[batch, tokens, width]` */
export class Attention extends Operation {
  static readonly className = "VitrailAttention";

  constructor(private readonly config: AttentionConfig & { precision?: AttentionPrecision }) {
    super(config);
  }

  protected outputShapeFor([queries]: number[][]): number[] {
    return queries!;
  }

  protected compute([queries, keys, values]: Tensor[]): Tensor {
    return attention(queries!, keys!, values!, this.config.heads, this.config.precision);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(Attention);

/** The softmax weights that `Attention` mixes values with; two inputs `[batch, tokens, width]` → `[batch, heads, tokens, tokens]` */
export class AttentionWeights extends Operation {
  static readonly className = "VitrailAttentionWeights";

  constructor(private readonly config: AttentionConfig) {
    super(config);
  }

  protected outputShapeFor([queries]: number[][]): number[] {
    const [batch, tokens] = queries as [number, number, number];
    return [batch, this.config.heads, tokens, tokens];
  }

  protected compute([queries, keys]: Tensor[]): Tensor {
    return attentionWeights(queries!, keys!, this.config.heads);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(AttentionWeights);
