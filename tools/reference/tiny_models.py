"""Writes conformance/models/<name>/ and conformance/goldens/<name>.{safetensors,json}: one tiny model for every layout that vitrail reads.

Weights are drawn at random, with every bias, norm, class token and position well away from its usual 0 or 1, so that no term
of the forward pass can be left out unnoticed. The libraries themselves save the folders wherever they can write that layout.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import torchvision_stub  # noqa: F401, isort: skip

import numpy
import timm
import torch
import torch.nn.functional as functional
from safetensors.torch import load_file, save_file
from timm.models._hub import save_for_hf
from transformers import TimmWrapperConfig, TimmWrapperForImageClassification, ViTConfig, ViTForImageClassification, ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import preprocessing
import recording
from measuring import float32_runs, own_error, save_golden
from reordering import reordered_runs

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
EMOTIONS = ["sad", "disgust", "angry", "neutral", "fear", "surprise", "happy"]
LEVELS = ["neutral", "low", "medium", "high"]
IMAGE_SIZES = [(45, 61), (32, 32), (70, 33)]  # height, width: up, not at all and down; landscape and portrait


def shake(model, seed, gain=1.0):
    """Weights as of a trained model: hidden states of the order of 1, logits too, a softmax neither flat nor one-hot."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                is_scale = name.endswith("weight")
                parameter.copy_(1 + 0.25 * noise if is_scale else 0.25 * noise)
            elif parameter.ndim == 3:  # class token, positions
                parameter.copy_(0.6 * noise)
            else:
                parameter.copy_(gain * noise / parameter[0].numel() ** 0.5)
    return model.eval()


def images(seed):
    """Smooth color fields with some noise: pixels that a resize and a channel swap both change. uint8 `[height, width, 3]`"""
    random = numpy.random.default_rng(seed)
    made = []
    for height, width in IMAGE_SIZES:
        coarse = random.uniform(0, 255, size=(1, 3, 5, 5))
        smooth = functional.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bicubic", align_corners=False)
        noisy = smooth[0].permute(1, 2, 0).numpy() + random.normal(0, 12, size=(height, width, 3))
        made.append(noisy.round().clip(0, 255).astype(numpy.uint8))
    return made


def write_golden(name, raw, pixels, reference, runs, **facts):
    """`raw`: uint8 images or none; `pixels`: float32 `[batch, 3, height, width]`, stored as `input` `[batch, height, width, 3]`."""
    tensors = {f"image.{index}": torch.from_numpy(image) for index, image in enumerate(raw)}
    tensors["input"] = pixels.permute(0, 2, 3, 1)
    save_golden(CONFORMANCE / "goldens" / name, tensors | reference, own_error(reference, runs), **facts)


def fresh_folder(name):
    folder = CONFORMANCE / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# transformers' ViT


@dataclass
class Vit:
    name: str
    build: Callable = ViTForImageClassification
    config: dict = field(default_factory=dict)
    build_options: dict = field(default_factory=dict)
    processor: dict = field(default_factory=dict)
    old_processor: dict | None = None
    adjust: Callable | None = None
    dtype: torch.dtype = torch.float32
    sizes: tuple = ()  # further (height, width) with interpolated positions


def shrink_embeddings(model):
    """Hidden states of about 1e-6, where epsilon 1e-12 and 1e-6 are worlds apart; later blocks add nothing of their own size."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embeddings" in name or any(part in name for part in ("o_proj", "fc2")):
                parameter.mul_(1e-6)


IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
VITS = [
    Vit("vit", sizes=((48, 32), (48, 48))),
    Vit("vit-bare", ViTModel, build_options={"add_pooling_layer": False}, processor={"resample": 3} | IMAGENET,
        config={"layer_norm_eps": 1e-6, "num_attention_heads": 4}, sizes=((24, 40),)),
    Vit("vit-pooler", ViTModel, processor=IMAGENET),
    Vit("vit-deep", config={"num_hidden_layers": 12, "hidden_size": 24, "intermediate_size": 48, "num_attention_heads": 3}),
    Vit("vit-no-qkv-bias", config={"qkv_bias": False, "num_hidden_layers": 1}),
    Vit("vit-gelu-new", config={"hidden_act": "gelu_new", "num_hidden_layers": 1}),
    Vit("vit-gelu-tanh", config={"hidden_act": "gelu_pytorch_tanh", "num_hidden_layers": 1}),
    Vit("vit-quick-gelu", config={"hidden_act": "quick_gelu", "num_hidden_layers": 1}),
    Vit("vit-relu", config={"hidden_act": "relu", "num_hidden_layers": 1}),
    Vit("vit-small-embeddings", adjust=shrink_embeddings),
    Vit("vit-f16", dtype=torch.float16),
    Vit("vit-bf16", dtype=torch.bfloat16),
    Vit("vit-old-processor", config={"num_hidden_layers": 1}, old_processor={
        "do_normalize": True, "do_resize": True, "feature_extractor_type": "ViTFeatureExtractor",
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 32,
    }),
]


def make_vit(case, seed):
    config = {
        "image_size": 32, "patch_size": 8, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "layer_norm_eps": 1e-12, "id2label": dict(enumerate(EMOTIONS)),
        "label2id": {label: index for index, label in enumerate(EMOTIONS)},
    }
    if case.build is ViTModel:
        del config["id2label"], config["label2id"]
    model = shake(case.build(ViTConfig(**config | case.config), **case.build_options), seed)
    if case.adjust:
        case.adjust(model)
    folder = fresh_folder(case.name)
    model.to(case.dtype).save_pretrained(folder)
    size = model.config.image_size
    ViTImageProcessorPil(**{"size": {"height": size, "width": size}} | case.processor).save_pretrained(folder)
    if case.old_processor:
        (folder / "preprocessor_config.json").write_text(json.dumps(case.old_processor, indent=2) + "\n")

    load = lambda dtype: case.build.from_pretrained(folder, dtype=dtype, **case.build_options).eval()
    exact, single = load(torch.float64), load(torch.float32)
    raw = images(seed)
    record_vit_golden(case.name, exact, single, raw, torch.from_numpy(preprocessing.transformers_input(folder, raw)))
    for height, width in case.sizes:
        pixels = torch.randn((2, 3, height, width), generator=torch.Generator().manual_seed(seed))
        record_vit_golden(f"{case.name}@{height}x{width}", exact, single, [], pixels, interpolate=True)
    return model


def record_vit_golden(name, exact, single, raw, pixels, interpolate=False):
    reference = recording.record_transformers(exact, pixels.double(), "own_precision", interpolate)
    run = lambda part, attention: recording.record_transformers(single, pixels[part], attention, interpolate)
    runs = float32_runs(run, len(pixels))
    runs += reordered_runs(lambda model: recording.record_transformers(model, pixels, "eager", interpolate), single)
    write_golden(name, raw, pixels, reference, runs)


def other_spellings_of_vit(model):
    """The same weights as `vit` in transformers 5's in-memory names, and in several files; their golden is that of `vit`."""
    source = CONFORMANCE / "models" / "vit"
    folder = fresh_folder("vit-memory-names")
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})
    for file in ("config.json", "preprocessor_config.json"):
        shutil.copy(source / file, folder)
    folder = fresh_folder("vit-sharded")
    model.save_pretrained(folder, max_shard_size="40KB")
    shutil.copy(source / "preprocessor_config.json", folder)
    assert len(list(folder.glob("*.safetensors"))) > 1


# timm's EVA-02 and ViT

CLIP = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
TINY = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
SETTINGS = {"interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "squash"} | CLIP


@dataclass
class Timm:
    name: str
    architecture: str
    arguments: dict
    settings: dict = field(default_factory=dict)
    reference_grid: tuple | None = None
    layout: str = "timm"  # or "transformers 5": its wrapper, names with the prefix `timm_model.`
    sizes: tuple = ()


TIMMS = [
    Timm("eva-base", "eva02_base_patch14_448", {"ref_feat_shape": (2, 2)}, reference_grid=(2, 2), sizes=((48, 48), (24, 40))),
    Timm("eva-tiny", "eva02_tiny_patch14_224", {"ref_feat_shape": (4, 4)}, reference_grid=(4, 4)),
    Timm("eva-wrapper", "eva02_base_patch14_448", {"img_size": 40, "num_heads": 4, "ref_feat_shape": (3, 3)}, reference_grid=(3, 3),
         layout="transformers 5", settings={"crop_mode": "center", "crop_pct": 0.9}),
    Timm("eva-token-pool", "eva02_small_patch14_224", {"global_pool": "token", "ref_feat_shape": (4, 4)}, reference_grid=(4, 4),
         settings={"interpolation": "bilinear", "crop_mode": "center"}),
    Timm("timm-vit", "vit_tiny_patch16_224", {}, settings={"mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 0.9, "crop_mode": "center"}),
]


def make_timm(case, seed):
    arguments = TINY | case.arguments
    folder = fresh_folder(case.name)
    build = lambda **more: timm.create_model(case.architecture, pretrained=False, **arguments | {"num_classes": 4} | more)
    model = shake(build(), seed)
    settings = SETTINGS | case.settings | {"input_size": [3, model.patch_embed.img_size[0], model.patch_embed.img_size[1]]}
    save = {"timm": save_timm_folder, "transformers 5": save_wrapper_folder}[case.layout]
    save(case, folder, model, arguments, settings)

    weights = {name.removeprefix("timm_model."): tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    exact, single = build().eval(), build().eval()
    exact.load_state_dict(weights), single.load_state_dict(weights)
    recording.widen_timm(exact, case.reference_grid)
    raw = images(seed)
    record_timm_golden(case.name, exact, single, raw, torch.from_numpy(preprocessing.timm_input(settings, raw)))
    for height, width in case.sizes:
        larger, exact = build(), build(img_size=(height, width)).eval()
        larger.load_state_dict(weights)
        larger.eval().set_input_size(img_size=(height, width))
        positions = recording.resampled_positions(weights["pos_embed"].double(), exact.patch_embed.grid_size)
        exact.load_state_dict(weights | {"pos_embed": positions.float()})
        recording.widen_timm(exact, case.reference_grid).pos_embed.data = positions
        pixels = torch.randn((2, 3, height, width), generator=torch.Generator().manual_seed(seed))
        record_timm_golden(f"{case.name}@{height}x{width}", exact, larger, [], pixels)
    return model


def record_timm_golden(name, exact, single, raw, pixels):
    reference = recording.record_timm(exact, pixels.double(), "eager")
    run = lambda part, attention: recording.record_timm(single, pixels[part], attention)
    runs = float32_runs(run, len(pixels)) + reordered_runs(lambda model: recording.record_timm(model, pixels, "eager"), single)
    write_golden(name, raw, pixels, reference, runs)


def save_timm_folder(case, folder, model, arguments, settings):
    """Config layout 1: timm's own export, as in `timm/...` repositories."""
    data = {key: tuple(value) if key == "input_size" else value for key, value in settings.items()}
    save_for_hf(model, folder, safe_serialization=True, data_config=data, model_config={"label_names": LEVELS})


def save_wrapper_folder(case, folder, model, arguments, settings):
    """Config layout 3: a transformers 5 wrapper; built from a config, it saves its names with the prefix."""
    config = TimmWrapperConfig.from_dict({
        "architecture": case.architecture, "num_classes": 4, "label_names": LEVELS, "model_args": arguments,
        "num_features": model.num_features, "global_pool": model.global_pool, "pretrained_cfg": {"custom_load": False, **settings},
    })
    wrapper = TimmWrapperForImageClassification(config)
    wrapper.timm_model.load_state_dict(model.state_dict())
    wrapper.save_pretrained(folder)
    assert all(name.startswith("timm_model.") for name in load_file(folder / "model.safetensors"))
    again = TimmWrapperForImageClassification.from_pretrained(folder)
    assert torch.equal(again.timm_model.head.weight, model.head.weight)


def other_spellings_of_eva():
    """The same weights as `eva-base` in config layout 2 and in the names of the original EVA code; their golden is that of `eva-base`."""
    source = CONFORMANCE / "models" / "eva-base"
    exported = json.loads((source / "config.json").read_text())
    settings = {key: value for key, value in exported["pretrained_cfg"].items() if key != "num_classes"}
    folder = fresh_folder("eva-wrapper-4")
    config = exported | {
        "architectures": ["TimmWrapperForImageClassification"], "model_type": "timm_wrapper", "do_pooling": True,
        "initializer_range": 0.02, "pretrained_cfg": settings, "torch_dtype": "float32", "transformers_version": "4.57.1",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    shutil.copy(source / "model.safetensors", folder)

    folder = fresh_folder("eva-original-names")
    renames = [("mlp.norm", "mlp.ffn_ln"), ("mlp.fc1_g", "mlp.w1"), ("mlp.fc1_x", "mlp.w2"), ("mlp.fc2", "mlp.w3"),
               ("q_proj.bias", "q_bias"), ("v_proj.bias", "v_bias")]
    weights = {}
    for name, tensor in load_file(source / "model.safetensors").items():
        for ours, original in renames:
            name = name.replace(ours, original)
        weights[name] = tensor
    weights["rope.freqs_cos"] = weights["rope.freqs_sin"] = torch.zeros(16, 16)  # the original saves its table; loaders drop it
    weights["rope.freqs_sin"] = weights["rope.freqs_sin"].clone()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    shutil.copy(source / "config.json", folder)
    # timm itself reads this spelling:
    loaded = timm.create_model(f"local-dir:{folder}", pretrained=True).state_dict()
    wanted = load_file(source / "model.safetensors")
    assert set(loaded) == set(wanted) and all(torch.equal(loaded[name], wanted[name]) for name in wanted)


def main():
    torch.set_grad_enabled(False)
    (CONFORMANCE / "goldens").mkdir(parents=True, exist_ok=True)
    models = {case.name: make_vit(case, seed) for seed, case in enumerate(VITS)}
    models |= {case.name: make_timm(case, seed) for seed, case in enumerate(TIMMS, start=100)}
    other_spellings_of_vit(models["vit"])
    other_spellings_of_eva()


if __name__ == "__main__":
    main()
