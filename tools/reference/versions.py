"""The libraries that made a reference, to be written beside it."""

import importlib.metadata

LIBRARIES = ("torch", "transformers", "timm", "pillow", "numpy", "safetensors")


def pinned():
    return {"madeWith": {name: importlib.metadata.version(name).split("+")[0] for name in LIBRARIES}}
