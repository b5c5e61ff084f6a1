"""Which part of a large tensor is kept as a reference."""

import numpy
import torch

import seeded

SAMPLES = 4096
WHOLE = ("logits", "embedding")


def sampled(model, recorded):
    """`[1, ...]` tensors at their seeded positions, or whole. -> name -> `[1, samples]`"""
    kept = {}
    for name, tensor in recorded.items():
        flat = tensor.flatten()
        if name not in WHOLE:
            flat = flat[torch.from_numpy(seeded.positions(f"{model} {name}", flat.numel(), SAMPLES).astype(numpy.int64))]
        kept[name] = flat[None]
    return kept
