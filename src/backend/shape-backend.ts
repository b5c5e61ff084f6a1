import {
  type DataId,
  engine,
  KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
  type TensorInfo,
} from "@tensorflow/tfjs-core";

const NAME = "vitrail-shapes";

/** A TF.js backend of tensors that are nothing but their shapes: for layers that are looked at and never run. */
class ShapeBackend extends KernelBackend {
  unset(shape: number[]): TensorInfo {
    return { dataId: {}, shape, dtype: "float32" };
  }
  override write(): DataId {
    return {};
  }
  override disposeData(): boolean {
    return true;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  override numDataIds(): number {
    return 0;
  }
  override memory() {
    return { unreliable: false };
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override dispose(): void {}
}

/**
 * Has `work` build TF.js layers, whose weights then take no memory, and look at them; what was TF.js's active backend is so again afterwards.
 * `work` disposes what it builds. In turn with whatever else computes with TF.js.
 */
export async function withShapesOnly<Result>(work: () => Result): Promise<Result> {
  const previous: string | undefined = engine().backendName;
  registerBackend(NAME, () => new ShapeBackend());
  await setBackend(NAME);
  try {
    return work();
  } finally {
    removeBackend(NAME);
    if (previous) await setBackend(previous);
  }
}
