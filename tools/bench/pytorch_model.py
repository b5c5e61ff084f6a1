"""A checkpoint in its own Python library: transformers' ViT or timm's EVA-02."""

import os
import sys


def load(folder, kind):
    if kind == "vit":
        from transformers import ViTForImageClassification

        return ViTForImageClassification.from_pretrained(folder).eval()
    # timm needs a torchvision only to be there.
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../reference"))
    import torchvision_stub  # noqa: F401
    import timm
    from safetensors.torch import load_file

    model = timm.create_model("eva02_base_patch14_448", num_classes=4).eval()
    weights = load_file(os.path.join(folder, "model.safetensors"))
    model.load_state_dict({name.removeprefix("timm_model."): value for name, value in weights.items()})
    return model
