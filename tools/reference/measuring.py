"""PyTorch float32's own error against PyTorch float64, and how references are written."""

import json

import torch
from safetensors.torch import save_file

import versions


def own_error(reference, runs):
    """The error of the worst run on the worst input, per tensor. `reference` and each of `runs`: name -> `[batch, ...]`.

    A run may lack tensors (sdpa gives no attention weights). -> name -> { relativeL2, maxAbs }
    """
    worst = {}
    for name, wanted in reference.items():
        scale = wanted.flatten(1).norm(dim=1)
        errors = [(run[name].double() - wanted).detach().flatten(1) for run in runs if name in run]
        worst[name] = {
            "relativeL2": max((error.norm(dim=1) / scale).max().item() for error in errors),
            "maxAbs": max(error.abs().max().item() for error in errors),
        }
    return worst


def worse(one, other):
    """The worse of two results of `own_error`, tensor by tensor."""
    return {
        name: {kind: max(error[kind], other.get(name, error)[kind]) for kind in error} for name, error in one.items()
    }


def float32_runs(run, batch, attentions=("sdpa", "eager")):
    """`run(pixel slice, attention)` on 1 and 2 threads, one image at a time and all at once, with each attention, with and without
    oneDNN's kernels: PyTorch's own error depends on each."""
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for kernels in (True, False):
            for attention in attentions:
                with torch.backends.mkldnn.flags(enabled=kernels):
                    results.append(run(slice(0, batch), attention))
                    single = [run(slice(index, index + 1), attention) for index in range(batch)]
                results.append({name: torch.cat([one[name] for one in single]) for name in single[0]})
    return results


def save_golden(path, tensors, errors, **facts):
    """Writes `path`.safetensors and, beside it, `path`.json with the versions and PyTorch's own errors."""
    # Clones, since safetensors refuses tensors that share memory, as the outputs of identity layers do.
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, f"{path}.safetensors")
    with open(f"{path}.json", "w") as file:
        json.dump({**versions.pinned(), **facts, "torchFloat32": errors}, file, indent=1)
        file.write("\n")
