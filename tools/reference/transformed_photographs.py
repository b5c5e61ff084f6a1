"""Writes conformance/goldens/transformed-photographs.{safetensors,json}: how often PyTorch's embeddings find a photograph by a changed copy of it.

Each change is exact in integers, so that TypeScript repeats it; JPEGs are kept as bytes. The gallery is the photographs as they are.
"""

import torchvision_stub  # noqa: F401, isort: skip

import io
import json

import numpy
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from transformers import ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import seeded
from versions import pinned

MODEL = "vit-small-patch14"
PHOTOGRAPHS = ["astronaut.png", "camera.png", "chelsea.png", "coffee.png", "grace_hopper.jpg", "hopper.png", "montage_pd_16.jpg",
               "montage_pd_4.jpg", "retina.jpg", "rocket.jpg", "small_faces_pd.jpg", "pil_sample_cmyk.jpg"]
JPEG_SIDE = 256


def crop(image):
    """The middle three quarters of each side."""
    width, height = image.size
    left, top = width // 8, height // 8
    return image.crop((left, top, left + width * 3 // 4, top + height * 3 // 4))


def jpeg_bytes(image):
    scale = min(1, JPEG_SIDE / max(image.size))
    small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=30)
    return buffer.getvalue()


CHANGES = {
    "mirror": ImageOps.mirror,
    "crop": crop,
    "gray": lambda image: image.convert("L").convert("RGB"),
    "resize": lambda image: image.resize((max(1, image.width // 3), max(1, image.height // 3)), Image.BILINEAR),
    "jpeg": lambda image: Image.open(io.BytesIO(jpeg_bytes(image))).convert("RGB"),
}


def main():
    torch.set_grad_enabled(False)
    folder = seeded.ROOT / "weights" / MODEL
    processor = ViTImageProcessorPil.from_pretrained(folder)
    model = ViTModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()

    def embed(image):
        pixels = torch.from_numpy(processor(image, return_tensors="np")["pixel_values"])
        vector = model(pixels).last_hidden_state[0, 0]
        return (vector / vector.norm()).numpy()

    opened = [Image.open(seeded.ROOT / "conformance" / "photos" / name) for name in PHOTOGRAPHS]
    images = [ImageOps.exif_transpose(image).convert("RGB") for image in opened]
    gallery = numpy.stack([embed(image) for image in images])
    found = {}
    for change, apply in CHANGES.items():
        scores = numpy.stack([embed(apply(image)) for image in images]) @ gallery.T
        found[change] = [PHOTOGRAPHS[i] for i in scores.argmax(axis=1)]
        share = numpy.mean([a == b for a, b in zip(found[change], PHOTOGRAPHS)])
        print(f"{change}: {share:.3f}")
    goldens = seeded.ROOT / "conformance" / "goldens"
    jpegs = {name: numpy.frombuffer(jpeg_bytes(image), dtype=numpy.uint8) for name, image in zip(PHOTOGRAPHS, images)}
    save_file(jpegs, goldens / "transformed-photographs.safetensors")
    (goldens / "transformed-photographs.json").write_text(json.dumps({**pinned(), "photographs": PHOTOGRAPHS, "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
