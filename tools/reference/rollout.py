"""Writes conformance/goldens/vit-small-rollout.json: attention rollout by whole matrices in NumPy, from PyTorch's attention of the real model.

Uses the reading and preprocessing of photographs.py; run it where requirements.txt is installed.
"""

import torchvision_stub  # noqa: F401, isort: skip

import json

import numpy
import torch
from PIL import Image, ImageOps
from transformers import ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import seeded
from versions import pinned

MODEL = "vit-small-patch14"
PHOTOGRAPHS = ["astronaut.png", "chelsea.png", "rocket.jpg"]


def rollout(attentions):
    """The product of (mean of heads + identity) / 2 over all blocks."""
    tokens = attentions[0].shape[-1]
    product = numpy.eye(tokens)
    for attention in attentions:
        product = (0.5 * attention.mean(axis=0) + 0.5 * numpy.eye(tokens)) @ product
    return product


def main():
    torch.set_grad_enabled(False)
    folder = seeded.ROOT / "weights" / MODEL
    processor = ViTImageProcessorPil.from_pretrained(folder)
    model = ViTModel.from_pretrained(folder, dtype=torch.float64, add_pooling_layer=False, attn_implementation="eager").eval()
    shares = {}
    for photograph in PHOTOGRAPHS:
        image = ImageOps.exif_transpose(Image.open(seeded.ROOT / "conformance" / "photos" / photograph)).convert("RGB")
        pixels = torch.from_numpy(processor(image, return_tensors="np")["pixel_values"]).double()
        product = rollout([layer[0].numpy() for layer in model(pixels, output_attentions=True).attentions])
        shares[photograph] = {
            "class": [float(f"{value:.7g}") for value in product[0]],
            "mean": [float(f"{value:.7g}") for value in product[1:].mean(axis=0)],
        }
    golden = {**pinned(), "shares": shares}
    (seeded.ROOT / "conformance" / "goldens" / "vit-small-rollout.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
