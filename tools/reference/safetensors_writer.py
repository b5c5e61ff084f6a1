"""Goldens of the safetensors writer and of the 8-bit float tables.

    pip install safetensors==0.8.0 torch numpy
    python tools/reference/safetensors_writer.py

Writes conformance/goldens/safetensors-writer/<case>.safetensors, cases.json (what went in) and float8.json (what each
of the 256 patterns of an 8-bit float is, as the hex digits of its float32).
The data of a tensor are the bytes 1, 2, 3, ... counted on over the whole case, so that a swapped tensor shows.
At most one metadata entry a case: Python keeps the entries in a map with a random order, so two runs differ.
"""

import ctypes
import json
import pathlib

import safetensors
import torch

OUT = pathlib.Path(__file__).parents[2] / "conformance" / "goldens" / "safetensors-writer"

# safetensors' name -> (the name that its Python binding takes, bits)
DTYPES = {
    "BOOL": ("bool", 8), "F4": ("float4_e2m1fn_x2", 4), "U8": ("uint8", 8), "I8": ("int8", 8),
    "F8_E5M2": ("float8_e5m2", 8), "F8_E4M3": ("float8_e4m3fn", 8), "F8_E8M0": ("float8_e8m0fnu", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8), "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "I16": ("int16", 16), "U16": ("uint16", 16), "F16": ("float16", 16), "BF16": ("bfloat16", 16),
    "I32": ("int32", 32), "U32": ("uint32", 32), "F32": ("float32", 32), "C64": ("complex64", 64),
    "F64": ("float64", 64), "I64": ("int64", 64), "U64": ("uint64", 64),
}
F32 = "F32"
CASES = {
    "empty": ([], None),
    "one": ([("w", F32, [2, 2])], None),
    "metadata": ([("w", F32, [1])], {"format": "pt"}),
    "empty-metadata": ([("w", F32, [1])], {}),
    "only-metadata": ([], {"format": "pt"}),
    "every-dtype": ([(f"{side}{name}", name, [4]) for side in "ba" for name in DTYPES], None),
    "scalar-and-zero": ([("scalar", F32, []), ("zero", F32, [2, 0]), ("wide", "F16", [3])], None),
    # Code points order differently from UTF-16 units: U+FFFF comes before U+10000.
    "name-order": ([(name, F32, [1]) for name in ["\U00010000", "\uffff", "é", "z", "Z", "a.10", "a.2", "", "a"]], None),
    "escapes": ([("\x00\x01\x08\t\n\x0b\x0c\r\x1f\x7f\u0080\u2028\"\\/<é😀", F32, [1])], {"\x1bkey": "\"\\/\n\u2029😀"}),
    "vit-like": ([(f"vit.encoder.layer.{layer}.{part}", dtype, shape)
                  for layer in range(12) for part, dtype, shape in [("weight", "F16", [3, 2]), ("bias", F32, [3])]], {"format": "pt"}),
}
FLOAT8 = {"F8_E5M2": torch.float8_e5m2, "F8_E4M3": torch.float8_e4m3fn, "F8_E8M0": torch.float8_e8m0fnu,
          "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz}


def write(name, tensors, metadata):
    specs, buffers, counter = {}, [], 0
    for key, dtype, shape in tensors:
        binding, bits = DTYPES[dtype]
        count = 1
        for size in shape:
            count *= size
        length = count * bits // 8
        data = bytes((counter + i) % 251 + 1 for i in range(length))
        counter += length
        buffer = ctypes.create_string_buffer(data, max(length, 1))
        buffers.append(buffer)
        # The binding doubles the last dimension of the packed F4.
        stored = [*shape[:-1], shape[-1] // 2] if dtype == "F4" else shape
        specs[key] = safetensors.TensorSpec(dtype=binding, shape=stored, data_ptr=ctypes.addressof(buffer), data_len=length)
    (OUT / f"{name}.safetensors").write_bytes(safetensors.serialize(specs, metadata))
    return {"case": name, "tensors": [{"name": k, "dtype": d, "shape": s} for k, d, s in tensors], "metadata": metadata}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cases = [write(name, *case) for name, case in CASES.items()]
    (OUT / "cases.json").write_text(json.dumps({"safetensors": safetensors.__version__, "cases": cases}) + "\n")
    patterns = torch.arange(256, dtype=torch.uint8)
    tables = {}
    for name, dtype in FLOAT8.items():
        wide = patterns.view(dtype).to(torch.float32)
        # A NaN has no one bit pattern: say only that it is one.
        tables[name] = ["nan" if torch.isnan(x) else f"{x.view(torch.int32).item() & 0xFFFFFFFF:08x}" for x in wide]
    (OUT / "float8.json").write_text(json.dumps({"torch": torch.__version__, "tables": tables}) + "\n")


if __name__ == "__main__":
    main()
