"""Pixels to model input, as the reference processors do it. Images are uint8 `[height, width, 3]`; inputs float32 `[3, height, width]`."""

import math

import numpy
from PIL import Image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def transformers_input(folder, images):
    """transformers' Pillow processor, configured by the folder's preprocessor_config.json. -> `[batch, 3, height, width]`"""
    processor = ViTImageProcessorPil.from_pretrained(folder)
    return processor([Image.fromarray(image) for image in images], return_tensors="np")["pixel_values"]


def timm_input(settings, images):
    """What `timm.data.create_transform` does in evaluation with the pretrained_cfg `settings`, without torchvision.

    -> `[batch, 3, height, width]`
    """
    return numpy.stack([_timm_one(settings, Image.fromarray(image)) for image in images])


def _timm_one(settings, image):
    _, height, width = settings["input_size"]
    resample = FILTERS[settings["interpolation"]]
    scaled = [math.floor(side / settings["crop_pct"]) for side in (height, width)]
    if settings.get("crop_mode", "center") == "squash":
        image = image.resize((scaled[1], scaled[0]), resample)
    else:  # "center": the shorter edge to the scaled size, as torchvision's Resize(int)
        shorter, longer = sorted(image.size)
        long_side = int(scaled[0] * longer / shorter)
        image = image.resize((scaled[0], long_side) if image.width <= image.height else (long_side, scaled[0]), resample)
    top, left = (int(round((have - want) / 2.0)) for have, want in ((image.height, height), (image.width, width)))
    image = image.crop((left, top, left + width, top + height))
    pixels = numpy.asarray(image, dtype=numpy.float32) / numpy.float32(255)
    mean, std = (numpy.array(settings[key], dtype=numpy.float32) for key in ("mean", "std"))
    return ((pixels - mean) / std).transpose(2, 0, 1)
