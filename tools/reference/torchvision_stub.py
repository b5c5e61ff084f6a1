"""A stand-in for torchvision, which timm and transformers import and the references never use.

No CPU build of torchvision is on PyPI for the pinned torch; its only use here would be image transforms, and the
references take their pixels through Pillow. Import this module before timm or transformers.
"""

import importlib.machinery
import sys
import types
from enum import Enum


class InterpolationMode(Enum):
    """Keys of a table in timm.data.transforms."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


def _module(name, **names):
    module = types.ModuleType(name)
    module.__path__ = []
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    for key, value in names.items():
        setattr(module, key, value)
    sys.modules[name] = module
    if "." in name:
        parent, child = name.rsplit(".", 1)
        setattr(sys.modules[parent], child, module)


def _empty_classes(*names):
    return {name: type(name, (), {}) for name in names}


if "torchvision" not in sys.modules:
    _module("torchvision", __version__="0.0.0")
    _module("torchvision.ops")
    _module("torchvision.ops.misc", **_empty_classes("FrozenBatchNorm2d"))
    _module(
        "torchvision.datasets",
        **_empty_classes("CIFAR100", "CIFAR10", "MNIST", "KMNIST", "FashionMNIST", "ImageFolder"),
    )
    _module("torchvision.io")
    _module("torchvision.transforms", InterpolationMode=InterpolationMode, **_empty_classes("ToTensor"))
    _module("torchvision.transforms.functional", InterpolationMode=InterpolationMode, pil_to_tensor=None)
    _module("torchvision.transforms.v2", InterpolationMode=InterpolationMode)
    _module("torchvision.transforms.v2.functional", InterpolationMode=InterpolationMode)
