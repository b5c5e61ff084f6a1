"""Prints, for each quantized matrix of a folder that vitrail's quantize wrote: its name, and its relative distance from the original's.

    python read_quantized.py QUANTIZED ORIGINAL
"""

import sys

import numpy as np
from safetensors.numpy import load_file

quantized, original = (load_file(f"{folder}/model.safetensors") for folder in sys.argv[1:])
for name, weight in sorted(quantized.items()):
    if weight.dtype != np.int8:
        continue
    exact = original[name].astype(np.float64)
    found = weight.astype(np.float32) * quantized[name + "_scale"]
    print(name, np.linalg.norm(found - exact) / np.linalg.norm(exact))
