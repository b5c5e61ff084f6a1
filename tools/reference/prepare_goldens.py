"""Writes conformance/goldens/prepare.json: sha256 of the inputs that transformers' and timm's own preprocessing make.

Run with the pinned packages: python tools/reference/prepare_goldens.py
The pictures are the noise of pillow_resize.py; a hash is that of float32 `[height, width, 3]`, little-endian.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy
from pillow_resize import noise
from preprocessing import timm_input, transformers_input
from versions import pinned

OUTPUT = Path(__file__).parents[2] / "conformance" / "goldens" / "prepare.json"
SIZES = [(224, 224), (301, 200), (97, 83), (33, 400), (225, 227), (640, 479)]
HALF = [0.5, 0.5, 0.5]
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

TRANSFORMERS = {
    "squash, bilinear": {"size": {"height": 224, "width": 224}, "resample": 2, "image_mean": HALF, "image_std": HALF},
    "squash, bicubic": {"size": {"height": 96, "width": 160}, "resample": 3, "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD},
    "shortest edge, center crop": {
        "size": {"shortest_edge": 64},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": 61, "width": 60},
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
    },
}
TIMM = {
    "squash": {"input_size": [3, 112, 112], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "squash", "mean": CLIP_MEAN, "std": CLIP_STD},
    "center": {"input_size": [3, 56, 56], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center", "mean": HALF, "std": HALF},
    "center, odd": {"input_size": [3, 57, 57], "interpolation": "bilinear", "crop_pct": 0.875, "crop_mode": "center", "mean": IMAGENET_MEAN, "std": IMAGENET_STD},
}


def transformers_settings(settings, folder, image):
    Path(folder, "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "ViTImageProcessor", **settings}))
    return transformers_input(folder, [image])[0]


def record(processor, name, settings, size, values):
    hwc = numpy.ascontiguousarray(values.transpose(1, 2, 0), dtype="<f4")
    shape = {"width": hwc.shape[1], "height": hwc.shape[0]}
    return {"processor": processor, "name": name, "settings": settings, "source": size, **shape, "sha256": hashlib.sha256(hwc.tobytes()).hexdigest()}


def main():
    cases = []
    for size in SIZES:
        image = noise(*size)
        with tempfile.TemporaryDirectory() as folder:
            for name, settings in TRANSFORMERS.items():
                cases.append(record("transformers", name, settings, size, transformers_settings(settings, folder, image)))
        for name, settings in TIMM.items():
            cases.append(record("timm", name, settings, size, timm_input(settings, [image])[0]))
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(json.dumps(pinned())[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
