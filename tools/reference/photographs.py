"""Writes conformance/goldens/vit-small-patch14.{safetensors,json}: real weights on photographs, from the file to the hidden states.

The folder's float16 weights are widened to float64 and float32. Pictures go through what transformers' pipeline does: EXIF turn,
conversion to RGB, the Pillow processor.
"""

import torchvision_stub  # noqa: F401, isort: skip

import hashlib

import numpy
import torch
from PIL import Image, ImageOps
from transformers import ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import recording
import seeded
from measuring import own_error, save_golden, worse
from sampling import SAMPLES, sampled

MODEL = "vit-small-patch14"
PHOTOGRAPHS = ["astronaut.png", "chelsea.png", "coffee.png", "grace_hopper.jpg", "rocket.jpg"]


def checksum(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def main():
    torch.set_grad_enabled(False)
    folder = seeded.ROOT / "weights" / MODEL
    processor = ViTImageProcessorPil.from_pretrained(folder)
    load = lambda dtype: ViTModel.from_pretrained(folder, dtype=dtype, add_pooling_layer=False).eval()
    exact, single = load(torch.float64), load(torch.float32)
    references, checksums, full_errors, sample_errors = {}, {}, {}, {}
    for photograph in PHOTOGRAPHS:
        image = ImageOps.exif_transpose(Image.open(seeded.ROOT / "conformance" / "photos" / photograph)).convert("RGB")
        resized = processor(image, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
        pixels = processor(image, return_tensors="np")["pixel_values"]
        checksums[photograph] = {
            "decoded": checksum(numpy.asarray(image)),
            "resized": checksum(resized.transpose(1, 2, 0).astype(numpy.uint8)),
            "input": checksum(pixels.transpose(0, 2, 3, 1)),
        }
        pixels = torch.from_numpy(pixels)
        wanted, runs = recording.record_transformers(exact, pixels.double(), "own_precision"), []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            runs += [recording.record_transformers(single, pixels, attention) for attention in ("sdpa", "eager")]
        unused = [name for name in wanted if name.startswith("attention.") and name != "attention.11"] + ["class", "mean"]
        for recorded in (wanted, *runs):
            for name in unused:
                recorded.pop(name, None)
        full_errors = worse(own_error(wanted, runs), full_errors)
        sample = sampled(MODEL, wanted)
        sample_errors = worse(own_error(sample, [sampled(MODEL, run) for run in runs]), sample_errors)
        references |= {f"{photograph}/{name}": tensor[0] for name, tensor in sample.items()}
    save_golden(seeded.ROOT / "conformance" / "goldens" / MODEL, references, sample_errors,
                samples=SAMPLES, sha256=checksums, torchFloat32OnFullTensors=full_errors)


if __name__ == "__main__":
    main()
