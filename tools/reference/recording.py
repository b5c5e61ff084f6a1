"""Runs a real transformers or timm model and records every tensor that vitrail can be asked for.

The names are those of `model.run(input, { outputs })`: `hidden.0` (after the positions), `hidden.N` (after N blocks, before the
final norm), `attention.N` (softmax weights, `[batch, heads, tokens, tokens]`), `logits`; besides these `tokens` (the final
norm of all tokens), `embedding` (what the classifier reads), `class`, `mean` and `pooler`.
"""

import contextlib

import torch
import torch.nn.functional as functional
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS


def _attention_in_own_precision(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **_):
    """transformers' eager attention, except that its softmax stays in float64 when the model is (eager casts it to float32)."""
    weights = torch.softmax(torch.matmul(query, key.transpose(2, 3)) * scaling, dim=-1)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


ALL_ATTENTION_FUNCTIONS.register("own_precision", _attention_in_own_precision)


@contextlib.contextmanager
def _hooks(handles):
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _keep(recorded, name):
    def hook(_module, _inputs, output):
        recorded[name] = output

    return hook


def record_transformers(model, pixels, attention, interpolate=False):
    """`attention`: "sdpa", "eager" or "own_precision"; sdpa records no attention weights. `pixels`: `[batch, 3, height, width]`."""
    model.set_attn_implementation(attention)
    backbone = getattr(model, "vit", model)
    recorded, attentions = {}, {}

    handles = [backbone.embeddings.register_forward_hook(_keep(recorded, "hidden.0"))]
    for index, layer in enumerate(backbone.layers):
        handles.append(layer.register_forward_hook(_keep(recorded, f"hidden.{index + 1}")))
        handles.append(layer.attention.register_forward_hook(_keep(attentions, index)))
    with _hooks(handles):
        result = model(pixels, interpolate_pos_encoding=interpolate)
        norm = result.last_hidden_state if hasattr(result, "last_hidden_state") else None
    if norm is None:
        norm = backbone.layernorm(recorded[f"hidden.{len(backbone.layers)}"])
        recorded["logits"] = result.logits
    elif result.pooler_output is not None:
        recorded["pooler"] = result.pooler_output
    for index, (_, weights) in attentions.items():
        if weights is not None:
            recorded[f"attention.{index}"] = weights
    recorded["tokens"] = norm
    recorded["embedding"] = recorded["class"] = norm[:, 0]
    recorded["mean"] = norm[:, 1:].mean(dim=1)
    return recorded


def record_timm(model, pixels, attention):
    """`attention`: "sdpa" or "eager"; sdpa records no attention weights. `pixels`: `[batch, 3, height, width]`."""
    recorded = {}
    handles = [model.blocks[0].register_forward_pre_hook(lambda _module, inputs: recorded.update({"hidden.0": inputs[0]}))]
    for index, block in enumerate(model.blocks):
        block.attn.fused_attn = attention == "sdpa"
        handles.append(block.register_forward_hook(_keep(recorded, f"hidden.{index + 1}")))
        # Dropout is the identity in evaluation; only the unfused path calls it, with the softmax weights.
        handles.append(block.attn.attn_drop.register_forward_hook(_keep(recorded, f"attention.{index}")))
    with _hooks(handles):
        norm = model.forward_features(pixels)
        recorded["logits"] = model.forward_head(norm)
    recorded["tokens"] = norm
    recorded["embedding"] = model.forward_head(norm, pre_logits=True)
    recorded["class"] = model.fc_norm(norm[:, 0])
    recorded["mean"] = model.fc_norm(norm[:, 1:].mean(dim=1))
    return recorded


def rope_table(grid, reference, head_size, temperature=10000.0):
    """timm's RoPE table computed in float64. `Module.double()` would only widen the float32 one. -> `[patches, 2 * head_size]`"""
    count = head_size // 4
    bands = temperature ** -(torch.arange(count, dtype=torch.float64) / count)
    rows, columns = (torch.arange(n, dtype=torch.float64) / n * r for n, r in zip(grid, reference))
    positions = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)
    angles = (positions[..., None] * bands).flatten(0, 1).flatten(1).repeat_interleave(2, dim=-1)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def widen_timm(model, reference_grid=None):
    """A float64 copy of a timm model's weights in place; for EVA-02 `reference_grid` (timm's ref_feat_shape) rebuilds the RoPE table."""
    model = model.double()
    if reference_grid is not None:
        head_size = model.embed_dim // model.blocks[0].attn.num_heads
        table = rope_table(model.patch_embed.grid_size, reference_grid, head_size)
        assert (table - model.rope.pos_embed).abs().max() < 1e-5
        model.rope.pos_embed = table
    return model


def resampled_positions(positions, grid):
    """timm's resample_abs_pos_embed without its detour through float32. `[1, 1 + old patches, width]` -> `[1, 1 + patches, width]`"""
    side = round((positions.shape[1] - 1) ** 0.5)
    patches = positions[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    patches = functional.interpolate(patches, size=grid, mode="bicubic", align_corners=False, antialias=True)
    return torch.cat([positions[:, :1], patches.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)
