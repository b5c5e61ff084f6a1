"""The portable generator: the same weights, pixels and positions bit for bit as conformance/seeded-weights.ts.

Value i of a stream is a hash of i and of the stream's key; integers up to the last step, which is one float32 product and one
float32 sum. So neither language's random numbers, logarithms or summation order matter.
"""

import hashlib
import json
from pathlib import Path

import numpy
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
MODELS = json.loads((ROOT / "conformance" / "seeded-models.json").read_text())

# A sum of four uniform 16-bit integers: mean and standard deviation.
SUM_MEAN = 131070
SUM_DEVIATION = 37837.22


def _mix(x):
    """MurmurHash3's 32-bit finalizer, in place; a bijection of uint32."""
    x ^= x >> 16
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> 13
    x *= numpy.uint32(0xC2B2AE35)
    x ^= x >> 16
    return x


def _key(stream):
    """FNV-1a of the stream's name, mixed."""
    key = 0x811C9DC5
    for byte in stream.encode():
        key = ((key ^ byte) * 0x01000193) & 0xFFFFFFFF
    return _mix(numpy.array([key], dtype=numpy.uint32))[0]


def words(stream, count):
    """`count` uniform 32-bit integers."""
    return _mix(_mix(numpy.arange(count, dtype=numpy.uint32)) ^ _key(stream))


def values(stream, count, deviation, center):
    """`count` float32 values, nearly normal (the sum of four uniform ones)."""
    first = words(stream, count)
    second = _mix(first + numpy.uint32(0x9E3779B9))
    total = (first >> 16) + (first & 0xFFFF) + (second >> 16) + (second & 0xFFFF)
    centered = (total.astype(numpy.int32) - SUM_MEAN).astype(numpy.float32)
    return centered * numpy.float32(deviation / SUM_DEVIATION) + numpy.float32(center)


def pixels(stream, height, width):
    """Blocks of 32 x 32 pixels of one color under noise. -> uint8 `[height, width, 3]`"""
    columns = -(-width // 32)
    noise = (words(stream, height * width * 3) & 0xFF).reshape(height, width, 3)
    blocks = (words(f"{stream} blocks", -(-height // 32) * columns * 3) & 0xFF).reshape(-1, columns, 3)
    spread = blocks.repeat(32, axis=0).repeat(32, axis=1)[:height, :width]
    return ((3 * spread + noise) >> 2).astype(numpy.uint8)


def positions(stream, size, count):
    """`count` indices below `size`, repeats allowed."""
    return words(stream, count) % numpy.uint32(size)


def tensors(model):
    """Every tensor of a seeded model: name -> float32 array."""
    recipe, made = MODELS[model], {}
    for rule in recipe["tensors"]:
        repeats = range(recipe["blocks"]) if "{block}" in rule["name"] else [0]
        for block in repeats:
            name = rule["name"].replace("{block}", str(block))
            count = int(numpy.prod(rule["shape"]))
            made[name] = values(f"{model} {name}", count, rule["deviation"], rule["center"]).reshape(rule["shape"])
    return made


def write_checkpoint(model, folder):
    """Writes the model's folder and returns the sha256 of its model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in MODELS[model]["files"].items():
        (folder / file).write_text(json.dumps(content, indent=2) + "\n")
    save_file(tensors(model), folder / "model.safetensors", {"format": "pt"})
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
