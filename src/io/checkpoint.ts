import { InputError } from "../errors.js";
import type { Dtype } from "./dtypes.js";
import type { PositionalFile } from "./positional-file.js";
import type { TensorPlace } from "./safetensors-header.js";
import { quote, weightsError } from "./weights-error.js";

/** A tensor that is still in its file. */
export interface CheckpointTensor {
  readonly dtype: Dtype;
  /** Sizes of the dimensions; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Path of the file that holds it. */
  readonly file: string;
  /** Where in the file its bytes begin. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A part of a tensor: from byte `begin` of the tensor up to, without, byte `end`. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** An open checkpoint, of one file or of many shards. It holds its files open until it is closed, and no tensor in memory. */
export interface Checkpoint {
  /** `__metadata__` of the file; of shards, what the first that has a key says. Without a prototype. */
  readonly metadata: Record<string, string>;
  /** By name, in the order of their bytes, shard after shard. */
  readonly tensors: Map<string, CheckpointTensor>;
  /** What is odd about the checkpoint but changes no number, as sentences. */
  readonly warnings: readonly string[];
  /** Reads a tensor as it is stored: little-endian, row-major. */
  readBytes(name: string): Promise<Uint8Array>;
  /** Fills `target` with a tensor's bytes, or with a range of them; `target` has exactly that length. */
  readInto(name: string, target: Uint8Array, range?: ByteRange): Promise<void>;
  /** As `readInto`, blocking. */
  readIntoSync(name: string, target: Uint8Array, range?: ByteRange): void;
  /** Closes the files; reads after that fail with `input/closed`. May be called again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A safetensors file that is open, its header proved. */
export interface OpenShard {
  readonly file: PositionalFile;
  readonly metadata: Record<string, string>;
  /** `begin` and `end` count from the start of the file, unlike a header's. */
  readonly tensors: Map<string, TensorPlace>;
}

/** A checkpoint over open shards. `isListed`: which tensors of a shard count. */
export class FileCheckpoint implements Checkpoint {
  readonly metadata: Record<string, string> = Object.create(null);
  readonly tensors = new Map<string, CheckpointTensor>();
  readonly #places = new Map<string, { file: PositionalFile; begin: number; end: number }>();

  constructor(
    private readonly shards: readonly OpenShard[],
    readonly warnings: readonly string[],
    isListed: (tensor: string, shard: OpenShard) => boolean,
  ) {
    for (const shard of shards) {
      for (const [key, value] of Object.entries(shard.metadata))
        if (!(key in this.metadata)) this.metadata[key] = value;
      for (const [name, { dtype, shape, begin, end }] of shard.tensors) {
        if (!isListed(name, shard)) continue;
        this.tensors.set(name, { dtype, shape, file: shard.file.path, offset: begin, byteLength: end - begin });
        this.#places.set(name, { file: shard.file, begin, end });
      }
    }
  }

  async readBytes(name: string): Promise<Uint8Array> {
    const { file, begin, end } = this.#place(name, undefined);
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(end - begin);
    } catch (cause) {
      throw weightsError(
        "weights/out-of-memory",
        file.path,
        `has a tensor ${quote(name)} of ${end - begin} bytes, more than this machine can hold in one piece. Read it in ranges with readInto.`,
        { details: { tensor: name, bytes: end - begin }, cause },
      );
    }
    await file.readInto(bytes, begin);
    return bytes;
  }

  async readInto(name: string, target: Uint8Array, range?: ByteRange): Promise<void> {
    const { file, begin, end } = this.#place(name, range);
    await file.readInto(exactly(target, end - begin, name), begin);
  }

  readIntoSync(name: string, target: Uint8Array, range?: ByteRange): void {
    const { file, begin, end } = this.#place(name, range);
    file.readIntoSync(exactly(target, end - begin, name), begin);
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.file.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #place(name: string, range: ByteRange | undefined): { file: PositionalFile; begin: number; end: number } {
    const place = this.#places.get(name);
    if (place === undefined)
      throw new InputError(
        "input/unknown-tensor",
        `The checkpoint has no tensor ${quote(String(name))}; its ${this.tensors.size} names are the keys of \`tensors\`.`,
        {
          details: { tensor: name },
        },
      );
    if (range === undefined) return place;
    const { begin, end } = range;
    const isInside = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && 0 <= begin && begin <= end;
    if (!isInside || end > place.end - place.begin)
      throw new InputError(
        "input/range",
        `The range [${begin}, ${end}] is not inside the ${place.end - place.begin} bytes of tensor ${quote(name)}.`,
        { details: { tensor: name, begin, end } },
      );
    return { file: place.file, begin: place.begin + begin, end: place.begin + end };
  }
}

function exactly(target: unknown, bytes: number, name: string): Uint8Array {
  if (target instanceof Uint8Array && target.length === bytes) return target;
  const found = target instanceof Uint8Array ? `${target.length} bytes` : typeof target;
  throw new InputError(
    "input/target",
    `The target for tensor ${quote(name)} is ${found}; wanted a Uint8Array of ${bytes} bytes.`,
    {
      details: { tensor: name, bytes },
    },
  );
}
