"""Writes PyTorch's reference beside a checkpoint of your own, so that `vitrail verify FOLDER` can check it.

    make_golden.py FOLDER [--inputs 2] [--seed 0]

FOLDER holds a Hugging Face ViT or a timm model (config.json, safetensors). Writes FOLDER/golden.safetensors and FOLDER/golden.json.
"""

import argparse
import copy
import json
import pathlib

import torchvision_stub  # noqa: F401  (before timm and transformers)

import timm
import torch
import transformers
from safetensors.torch import load_file
from timm.models.eva import checkpoint_filter_fn

from measuring import float32_runs, own_error, save_golden
from recording import record_timm, record_transformers, widen_timm
from reordering import reordered_runs


def transformers_model(folder, config):
    name = (config.get("architectures") or ["ViTModel"])[0]
    options = {} if name == "ViTForImageClassification" else {"add_pooling_layer": any("pooler" in name for name in stored(folder))}
    model = getattr(transformers, name).from_pretrained(folder, dtype=torch.float32, **options).eval()
    size = model.config.image_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    wide = copy.deepcopy(model).double()
    return (height, width), model, record_transformers, lambda x: record_transformers(wide, x, "own_precision")


def timm_model(folder, config):
    model = timm.create_model(f"local-dir:{folder}", pretrained=False).eval()
    # By hand, since transformers may have saved the names with its wrapper's prefix.
    state = {name.removeprefix("timm_model."): value for name, value in stored(folder).items()}
    model.load_state_dict(checkpoint_filter_fn(state, model) if "rope" in dir(model) else state)
    reference = getattr(model, "rope", None) and model.rope.ref_feat_shape
    wide = widen_timm(copy.deepcopy(model), reference)
    size = model.patch_embed.img_size
    return size, model, record_timm, lambda x: record_timm(wide, x, "eager")


def stored(folder):
    tensors = {}
    for file in pathlib.Path(folder).glob("*.safetensors"):
        if file.name != "golden.safetensors":
            tensors |= load_file(file)
    return tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--inputs", type=int, default=2, help="pictures of seeded noise (default: 2)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    config = json.loads((pathlib.Path(arguments.folder) / "config.json").read_text())
    load = timm_model if "architecture" in config else transformers_model
    (height, width), model, record, wide = load(arguments.folder, config)
    generator = torch.Generator().manual_seed(arguments.seed)
    pixels = torch.randn(arguments.inputs, 3, height, width, generator=generator)
    with torch.inference_mode():
        reference = wide(pixels.double())
        runs = float32_runs(lambda part, attention: record(model, pixels[part], attention), arguments.inputs)
        runs += reordered_runs(lambda other: record(other, pixels, "eager"), model)
    tensors = {"input": pixels.permute(0, 2, 3, 1), **reference}
    save_golden(pathlib.Path(arguments.folder) / "golden", tensors, own_error(reference, runs), seed=arguments.seed)


if __name__ == "__main__":
    main()
