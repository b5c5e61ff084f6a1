/** What every failure that vitrail foresees is thrown as. `code` is API and stable; `message` is for people and may change. */
export class VitrailError extends Error {
  override readonly name: string = "VitrailError";

  /**
   * @param code stable, begins with the room it comes from: `weights/…`, `checkpoint/…`, `image/…`, `input/…`, `engine/…`, `search/…`, `training/…`, `download/…`, `quantize/…`, `server/…`, `batch/…`
   * @param message what was found, what was wanted, what to do; names in quotes, shapes in brackets
   * @param options `details`: the same facts as plain data; `cause`: the error underneath
   */
  constructor(
    readonly code: string,
    message: string,
    options: ErrorOptions & { details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.details = options.details ?? {};
  }

  readonly details: Readonly<Record<string, unknown>>;
}

/** A safetensors file, or an index of such files, breaks a rule of its format. */
export class WeightsFileError extends VitrailError {
  override readonly name = "WeightsFileError";
  declare readonly code: `weights/${string}`;
}

/** A checkpoint's files are sound, but its config, labels or tensors do not fit the model. */
export class CheckpointError extends VitrailError {
  override readonly name = "CheckpointError";
  declare readonly code: `checkpoint/${string}`;
}

/** Encoded bytes are no image that can be decoded safely and exactly. */
export class ImageError extends VitrailError {
  override readonly name = "ImageError";
  declare readonly code: `image/${string}`;
}

/** An argument of a call is of the wrong kind, name or range. */
export class InputError extends VitrailError {
  override readonly name = "InputError";
  declare readonly code: `input/${string}`;
}

/** The compute engine can't be had, or gave up. */
export class EngineError extends VitrailError {
  override readonly name = "EngineError";
  declare readonly code: `engine/${string}`;
}

/** An index of vectors, or what is asked of it, is not as it should be. */
export class SearchError extends VitrailError {
  override readonly name = "SearchError";
  declare readonly code: `search/${string}`;
}

/** Examples to learn from, or what is asked of training, are not as they should be. */
export class TrainingError extends VitrailError {
  override readonly name = "TrainingError";
  declare readonly code: `training/${string}`;
}

/** A model can't be quantized as asked. */
export class QuantizationError extends VitrailError {
  override readonly name = "QuantizationError";
  declare readonly code: `quantize/${string}`;
}

/** A request can't be answered, or the server can't be made as asked. */
export class ServerError extends VitrailError {
  override readonly name = "ServerError";
  declare readonly code: `server/${string}`;
}

/** A model can't be had from the Hub, from its cache, or from an archive of it. */
export class DownloadError extends VitrailError {
  override readonly name = "DownloadError";
  declare readonly code: `download/${string}`;
}

/** A batch can't be begun, gone on with, or ended as asked. */
export class BatchError extends VitrailError {
  override readonly name = "BatchError";
  declare readonly code: `batch/${string}`;
}
