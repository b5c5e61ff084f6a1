"""Writes conformance/goldens/{vit,eva-base}.gradients.{safetensors,json}: autograd in float64 on two tiny models, and twenty steps of AdamW.

The loss is the mean cross-entropy of the golden's three inputs against LABELS. `gradient/<tensor>` is named as in the model's
file, `gradient/input` is `[batch, height, width, 3]`; `loss` has the loss before each step and after the last one;
`trained/<tensor>` are the weights after the last step.
"""

import torchvision_stub  # noqa: F401, isort: skip

import timm
import torch
import torch.nn.functional as functional
from safetensors.torch import load_file
from transformers import ViTForImageClassification

import recording
from measuring import save_golden
from tiny_models import CONFORMANCE, TIMMS, TINY

LABELS = {"vit": [5, 0, 3], "eva-base": [2, 3, 0]}
STEPS = 20
OPTIMIZER = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}


def load(name, dtype):
    folder = CONFORMANCE / "models" / name
    stored = load_file(folder / "model.safetensors")
    if name == "vit":
        model = ViTForImageClassification.from_pretrained(folder, dtype=dtype, attn_implementation="own_precision")
        forward = lambda pixels: model(pixels).logits
    else:
        case = next(case for case in TIMMS if case.name == name)
        model = timm.create_model(case.architecture, pretrained=False, **TINY | case.arguments | {"num_classes": 4})
        model.load_state_dict(stored)
        if dtype == torch.float64:
            recording.widen_timm(model, case.reference_grid)
        forward = model
    model.train()  # no dropout in either: the same numbers as in evaluation
    # transformers renames on the way in; no two tensors are alike, so their values tell which is which.
    renamed = {parameter: file for _, parameter in model.named_parameters() for file in stored
               if stored[file].shape == parameter.shape and torch.equal(stored[file].to(dtype), parameter)}
    assert len(renamed) == len(stored)
    return forward, {file: parameter for parameter, file in renamed.items()}, model


def run(name, dtype):
    """-> name -> tensor: the gradients at the stored weights, the losses and the weights after training."""
    forward, parameters, _ = load(name, dtype)
    pixels = load_file(CONFORMANCE / "goldens" / f"{name}.safetensors")["input"].permute(0, 3, 1, 2).to(dtype)
    labels = torch.tensor(LABELS[name])
    loss_of = lambda values: functional.cross_entropy(forward(values), labels)

    pixels.requires_grad_()
    gradients = torch.autograd.grad(loss_of(pixels), [pixels, *parameters.values()])
    results = {"gradient/input": gradients[0].permute(0, 2, 3, 1)}
    results |= {f"gradient/{file}": gradient for file, gradient in zip(parameters, gradients[1:])}

    optimizer = torch.optim.AdamW(parameters.values(), **OPTIMIZER)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(pixels.detach())
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    losses.append(loss_of(pixels.detach()).item())
    results["loss"] = torch.tensor(losses, dtype=torch.float64)
    return results | {f"trained/{file}": parameter.detach() for file, parameter in parameters.items()}


def global_error(wanted, found, prefix):
    """The relative L2 error of all tensors of one kind taken together."""
    names = [name for name in wanted if name.startswith(prefix)]
    error = sum((found[name].double() - wanted[name]).square().sum() for name in names)
    return (error / sum(wanted[name].square().sum() for name in names)).sqrt().item()


def without_influence(wanted):
    """Parameters whose gradient is 0 in theory, as that of the keys' biases: float32 makes noise of it, and AdamW steps of the noise."""
    gradients = {name: value.norm() for name, value in wanted.items() if name.startswith("gradient/")}
    length = torch.stack(list(gradients.values())).norm()
    return {name.removeprefix("gradient/") for name, norm in gradients.items() if norm < 1e-9 * length}


def own_errors(wanted, runs):
    idle = without_influence(wanted)
    return {
        "gradients": max(global_error(wanted, found, "gradient/") for found in runs),
        "trained": max(global_error(wanted, found, "trained/") for found in runs),
        "loss": max(((found["loss"] - wanted["loss"]).abs() / wanted["loss"].abs()).max().item() for found in runs),
        "gradient": {
            name.removeprefix("gradient/"): max(((found[name].double() - wanted[name]).norm() / wanted[name].norm()).item() for found in runs)
            for name in wanted if name.startswith("gradient/") and name.removeprefix("gradient/") not in idle
        },
    }


def main():
    for name in LABELS:
        wanted, runs = run(name, torch.float64), []
        for tensor in without_influence(wanted):
            del wanted[f"trained/{tensor}"]
        for threads in (1, 2):
            torch.set_num_threads(threads)
            runs.append(run(name, torch.float32))
        facts = {"labels": LABELS[name], "steps": STEPS, "optimizer": {"name": "AdamW", **OPTIMIZER}}
        save_golden(CONFORMANCE / "goldens" / f"{name}.gradients", wanted, own_errors(wanted, runs), **facts)


if __name__ == "__main__":
    main()
