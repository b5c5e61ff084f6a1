"""The same network with its channels in another order: the same function, summed in another order.

PyTorch adds a dot product in one fixed order on one machine, so a few runs of a tiny model give nearly the same rounding errors, and
those of four logits may all be small by chance. A network whose residual channels are permuted, weights and all, computes the same
numbers with other rounding errors. It is how we ask how wrong PyTorch float32 may be, not how wrong it happened to be.
"""

import copy
import re

import torch

ORDERS = 32

# Which axis of a parameter runs over the residual channels, in transformers' names in memory and in timm's.
CHANNEL_AXES = [
    (r"(cls_token|position_embeddings|pos_embed)$", -1),
    (r"(patch_embeddings\.projection|patch_embed\.proj)\.(weight|bias)$", 0),
    (r"(?<!mlp\.)(layernorm\w*|norm[12]?|fc_norm)\.(weight|bias)$", 0),
    (r"(q_proj|k_proj|v_proj|qkv|fc1\w*|classifier|head|pooler\.dense)\.weight$", 1),
    (r"(o_proj|attn\.proj|fc2)\.(weight|bias)$", 0),
]
# Outputs whose last axis runs over the residual channels.
CHANNEL_OUTPUTS = re.compile(r"^(hidden\.\d+|tokens|class|mean|embedding)$")


def reordered_runs(record, model):
    """`record(model)` -> name -> tensor, once for each of a few orders, with the outputs' channels put back."""
    runs = []
    for seed in range(ORDERS):
        order = torch.randperm(width_of(model), generator=torch.Generator().manual_seed(seed))
        recorded = record(reordered(model, order))
        back = order.argsort()
        runs.append({name: value[..., back] if CHANNEL_OUTPUTS.match(name) else value for name, value in recorded.items()})
    return runs


def width_of(model):
    return next(value.shape[-1] for name, value in model.named_parameters() if name.endswith("cls_token"))


def reordered(model, order):
    other = copy.deepcopy(model)
    for name, parameter in other.named_parameters():
        axes = [axis for pattern, axis in CHANNEL_AXES if re.search(pattern, name)]
        if axes:
            parameter.data = parameter.data.index_select(axes[0], order)
    return other
