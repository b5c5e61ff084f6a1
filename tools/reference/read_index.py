"""Reads an index of vitrail with nothing but NumPy, safetensors and json: docs/formats/index-folder.md in code.

`python read_index.py FOLDER [TOP]` prints how many items there are and, for the first, its nearest.
"""

import json
import pathlib
import sys

import numpy
from safetensors.numpy import load_file


def read_index(folder):
    """Ids, vectors [items, width] as float32, and metadata of an index's items."""
    folder = pathlib.Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["format"], manifest["version"]) == ("vitrail-index", 1)
    items = {}
    for segment in manifest["segments"]:
        tensors = load_file(folder / f"{segment['name']}.safetensors")
        vectors = tensors["vectors"] if "vectors" in tensors else tensors["codes"] * tensors["scales"][:, None]
        lines = (folder / f"{segment['name']}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        rows = [json.loads(line) for line in lines]
        # What is removed are items of earlier segments, so it goes first.
        for row in rows[segment["rows"] :]:
            items.pop(row["removed"], None)
        for row, vector in zip(rows[: segment["rows"]], vectors):
            items[row["id"]] = (vector, row["metadata"])
    ids = list(items)
    vectors = numpy.stack([items[name][0] for name in ids]) if ids else numpy.zeros((0, manifest["width"]), numpy.float32)
    return ids, vectors, [items[name][1] for name in ids]


def main():
    ids, vectors, metadata = read_index(sys.argv[1])
    print(f"{len(ids)} items of width {vectors.shape[1]}")
    if ids:
        scores = vectors @ vectors[0]
        for i in numpy.argsort(-scores, kind="stable")[: int(sys.argv[2]) if len(sys.argv) > 2 else 5]:
            print(f"{scores[i]:.6f}  {ids[i]}  {json.dumps(metadata[i])}")


if __name__ == "__main__":
    main()
