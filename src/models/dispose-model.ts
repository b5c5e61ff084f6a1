import type { LayersModel } from "@tensorflow/tfjs-layers";

/** Gives back the weights of every layer. TF.js's own `dispose` leaves those of layers that were applied twice: it counts applications. */
export function disposeModel(model: LayersModel): void {
  for (const layer of model.layers) while (layer.dispose().refCountAfterDispose > 0);
}
