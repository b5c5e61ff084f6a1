"""Reads an index of vitrail and multiplies its vectors with queries, as often as a line on standard input says how many. Used by search.mjs."""

import json
import pathlib
import sys
import time

import numpy
from safetensors import safe_open

folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
parts = []
for segment in manifest["segments"]:
    with safe_open(folder / f"{segment['name']}.safetensors", "np") as file:
        parts.append(file.get_tensor("vectors"))
vectors = parts[0] if len(parts) == 1 else numpy.concatenate(parts)
print(json.dumps({"numpy": numpy.__version__, "rows": len(vectors)}), flush=True)
generator = numpy.random.default_rng(0)
for line in sys.stdin:
    count = int(line)
    queries = generator.random((vectors.shape[1], count), dtype=numpy.float32)
    start = time.perf_counter()
    scores = vectors @ (queries[:, 0] if count == 1 else queries)
    print(json.dumps({"ms": (time.perf_counter() - start) * 1000}), flush=True)
