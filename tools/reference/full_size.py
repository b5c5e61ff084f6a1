"""Writes conformance/goldens/{vit-base,eva02-base}.{safetensors,json}: full-size models with seeded weights on eight seeded inputs.

Hidden states are kept at seeded positions only, logits and embeddings whole. PyTorch's own error is measured on the full
tensors and on the same positions. Takes some ten minutes on two cores.
"""

import argparse
import tempfile
from pathlib import Path

import torchvision_stub  # noqa: F401, isort: skip

import timm
import torch
from safetensors.torch import load_file
from transformers import TimmWrapperForImageClassification, ViTForImageClassification

import preprocessing
import recording
import seeded
from measuring import own_error, save_golden, worse
from sampling import SAMPLES, sampled

INPUTS = 8


def vit_base(folder):
    load = lambda dtype: ViTForImageClassification.from_pretrained(folder, dtype=dtype).eval()
    exact, single = load(torch.float64), load(torch.float32)
    return (
        lambda pixels: recording.record_transformers(exact, pixels.double(), "own_precision"),
        lambda pixels, attention: recording.record_transformers(single, pixels, attention),
        lambda images: preprocessing.transformers_input(folder, images),
    )


def eva02_base(folder):
    single = TimmWrapperForImageClassification.from_pretrained(folder).eval().timm_model
    exact = timm.create_model("eva02_base_patch14_448", pretrained=False, num_classes=4).eval()
    weights = load_file(folder / "model.safetensors")
    exact.load_state_dict({name.removeprefix("timm_model."): tensor for name, tensor in weights.items()})
    recording.widen_timm(exact, reference_grid=(16, 16))
    settings = seeded.MODELS["eva02-base"]["files"]["config.json"]["pretrained_cfg"]
    return (
        lambda pixels: recording.record_timm(exact, pixels.double(), "sdpa"),
        lambda pixels, attention: recording.record_timm(single, pixels, attention),
        lambda images: preprocessing.timm_input(settings, images),
    )


def make(model, folder, load, names):
    """`names`: which recorded tensors to keep besides the hidden states."""
    checksum = seeded.write_checkpoint(model, folder)
    exact, single, prepare = load(folder)
    size = seeded.MODELS[model]["imageSize"]
    keep = lambda recorded: {name: recorded[name] for name in recorded if name.startswith("hidden.") or name in names}
    references, full_errors, sample_errors = {}, {}, {}
    for index in range(INPUTS):
        pixels = torch.from_numpy(prepare([seeded.pixels(f"{model} image {index}", size, size)]))
        wanted, runs = keep(exact(pixels)), []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            runs += [keep(single(pixels, attention)) for attention in ("sdpa", "eager")]
        full_errors = worse(own_error(wanted, runs), full_errors)
        sample = sampled(model, wanted)
        sample_errors = worse(own_error(sample, [sampled(model, run) for run in runs]), sample_errors)
        references |= {f"{index}/{name}": tensor[0] for name, tensor in sample.items()}
        print(model, index, {name: f"{error['relativeL2']:.1e}" for name, error in full_errors.items()}, flush=True)
    golden = seeded.ROOT / "conformance" / "goldens" / model
    save_golden(golden, references, sample_errors, sha256=checksum, samples=SAMPLES, torchFloat32OnFullTensors=full_errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["vit-base", "eva02-base"])
    torch.set_grad_enabled(False)
    for model in parser.parse_args().models:
        with tempfile.TemporaryDirectory() as folder:
            if model == "vit-base":
                make(model, Path(folder), vit_base, ("attention.0", "attention.11", "tokens", "embedding", "logits"))
            else:
                make(model, Path(folder), eva02_base, ("embedding", "logits"))


if __name__ == "__main__":
    main()
