"""Writes conformance/goldens/{vit,eva-base}.{unfreeze,lora}.{safetensors,json}: autograd in float64 on two tiny models of which a part is trained, and ten steps of AdamW.

"unfreeze": the last block, the final norm and the classifier. "lora": the adapters that PEFT puts beside the queries' and values' projections of all blocks, and the
classifier; `initial/<layer>.lora_A` and `…lora_B` are what they begin with, B not at 0 so that A has a gradient.

Input, labels and names are those of gradients.py. The steps are clipped to CLIP, warmed up and cosine-decayed, with another learning rate for the classifier; axes of one
number do not decay. Needs `peft`, see requirements-training.txt.
"""

import gradients  # isort: skip

import math
import re
import warnings

import torch
import torch.nn.functional as functional
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file
from transformers import get_cosine_schedule_with_warmup

from measuring import save_golden
from tiny_models import CONFORMANCE

STEPS, WARMUP, CLIP = 10, 2, 0.5
RATES = {"backbone": 5e-4, "head": 1e-3}
ADAMW = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
LORA = {"rank": 4, "alpha": 8}
HEAD = re.compile(r"^(classifier|head)\.")
LAST = {"vit": re.compile(r"(layer|layers)\.1\.|^(vit\.)?layernorm\."), "eva-base": re.compile(r"^blocks\.1\.|^fc_norm\.")}


def adapters(model, dtype):
    """PEFT's adapters in a model -> our name -> parameter."""
    config = LoraConfig(r=LORA["rank"], lora_alpha=LORA["alpha"], target_modules=["q_proj", "v_proj"])
    inject_adapter_in_model(config, model)
    generator = torch.Generator().manual_seed(7)
    found = {}
    for name, parameter in model.named_parameters():
        if match := re.search(r"(\d+)\.att\w*\.([qv])_proj\.lora_([AB])\.", name):
            found[f"blocks.{match[1]}.attn.{match[2]}_proj.lora_{match[3]}"] = parameter
            with torch.no_grad():
                # float32 numbers, so that all runs begin alike
                parameter.data = (torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.shape[1])).to(dtype)
    return found


def run(name, kind, dtype):
    """-> name -> tensor: what adapters begin with, gradients, losses and the weights after training."""
    forward, parameters, model = gradients.load(name, dtype)
    head = {file: parameter for file, parameter in parameters.items() if HEAD.search(file)}
    trained = adapters(model, dtype) if kind == "lora" else {file: one for file, one in parameters.items() if LAST[name].search(file)}
    pixels = load_file(CONFORMANCE / "goldens" / f"{name}.safetensors")["input"].permute(0, 3, 1, 2).to(dtype)
    labels = torch.tensor(gradients.LABELS[name])
    loss_of = lambda: functional.cross_entropy(forward(pixels), labels)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    learned = trained | head
    for parameter in learned.values():
        parameter.requires_grad_()

    results = {f"initial/{one}": parameter.detach().clone() for one, parameter in trained.items() if kind == "lora"}
    slopes = torch.autograd.grad(loss_of(), list(learned.values()))
    results |= {f"gradient/{one}": slope for one, slope in zip(learned, slopes)}
    groups = [
        {"params": [one for one in part.values() if (one.ndim > 1) == decays], "lr": rate, "weight_decay": ADAMW["weight_decay"] * decays}
        for part, rate in ((trained, RATES["backbone"]), (head, RATES["head"])) for decays in (True, False)
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]], **ADAMW)
    schedule = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of()
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned.values(), CLIP)
        optimizer.step()
        schedule.step()
    results["loss"] = torch.tensor(losses, dtype=torch.float64)
    return results | {f"trained/{one}": parameter.detach() for one, parameter in learned.items()}


def main():
    warnings.simplefilter("ignore")
    for name in gradients.LABELS:
        for kind in ("unfreeze", "lora"):
            wanted, runs = run(name, kind, torch.float64), []
            for tensor in gradients.without_influence(wanted):
                del wanted[f"trained/{tensor}"]
            for threads in (1, 2):
                torch.set_num_threads(threads)
                runs.append(run(name, kind, torch.float32))
            length = torch.cat([value.flatten() for one, value in wanted.items() if one.startswith("gradient/")]).norm().item()
            assert length > CLIP, "nothing is clipped"
            facts = {"labels": gradients.LABELS[name], "steps": STEPS, "warmup": WARMUP, "clip": CLIP, "rates": RATES, "optimizer": ADAMW, "lora": LORA}
            path = CONFORMANCE / "goldens" / f"{name}.{kind}"
            save_golden(path, wanted, gradients.own_errors(wanted, runs), **facts)
            print(path.name, "gradient", length, "loss", wanted["loss"].tolist()[::9])


if __name__ == "__main__":
    main()
