"""The graphs that torch.onnx exports of a checkpoint, and ONNX Runtime's own dynamic quantization of one, with weights per channel.

    python export_onnx.py FOLDER vit|eva SIZE OUT

Writes OUT/fp32/model.onnx by the default exporter, OUT/int8/model.onnx from it, and OUT/torchscript/model.onnx by the exporter before it, which is
what most .onnx files on the Hub were made with. Needs torch, transformers, timm and requirements-export.txt.
"""

import os
import sys
import tempfile

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from pytorch_model import load


class Logits(torch.nn.Module):
    """A model whose only result is its logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        result = self.model(pixel_values)
        return getattr(result, "logits", result)


def export(model, size, path, **how):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    names = {"input_names": ["pixel_values"], "output_names": ["logits"]}
    torch.onnx.export(model, (torch.zeros(2, 3, size, size),), path, **names, **how)


def quantize(graph, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        inferred = os.path.join(folder, "model.onnx")
        quant_pre_process(graph, inferred)
        quantize_dynamic(inferred, path, per_channel=True, weight_type=QuantType.QInt8)


def main():
    folder, kind, size, out = sys.argv[1:]
    fp32, int8, torchscript = (os.path.join(out, name, "model.onnx") for name in ("fp32", "int8", "torchscript"))
    model = Logits(load(folder, kind)).eval()
    export(model, int(size), fp32, dynamic_shapes={"pixel_values": {0: torch.export.Dim("batch", min=1, max=64)}})
    quantize(fp32, int8)
    batch = {"pixel_values": {0: "batch"}, "logits": {0: "batch"}}
    export(model, int(size), torchscript, dynamo=False, opset_version=18, dynamic_axes=batch)


main()
