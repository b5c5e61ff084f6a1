"""Writes conformance/goldens/pillow-resize.json: sha256 of Pillow's resize over many pictures and sizes.

Run with the pinned packages of tools/reference/requirements.txt: python tools/reference/pillow_resize.py
The pictures come from a formula that resize-image.test.ts repeats, so none is stored.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

OUTPUT = Path(__file__).parents[2] / "conformance" / "goldens" / "pillow-resize.json"
SOURCES = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (17, 13), (31, 64), (97, 83), (224, 224), (33, 999), (999, 33), (301, 200), (448, 600)]
TARGETS = [(1, 1), (2, 3), (13, 57), (17, 13), (31, 64), (97, 200), (224, 224), (300, 40), (448, 448)]
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def noise(width: int, height: int) -> np.ndarray:
    """[height, width, 3]: the high byte of a 32-bit linear congruential generator, with hard black and white in it."""
    index = np.arange(width * height * 3, dtype=np.uint64)
    values = (((index * 2654435761 + 12345) % 2**32) >> 24).astype(np.uint8)
    values[index % 7 == 0] = 255
    values[index % 11 == 0] = 0
    return values.reshape(height, width, 3)


def main() -> None:
    cases = []
    for source in SOURCES:
        picture = Image.fromarray(noise(*source))
        for target in TARGETS:
            for name, filter in FILTERS.items():
                pixels = picture.resize(target, filter).tobytes()
                cases.append({"source": source, "target": target, "filter": name, "sha256": hashlib.sha256(pixels).hexdigest()})
    header = {"reference": f"Pillow {PIL.__version__}", "madeBy": "tools/reference/pillow_resize.py"}
    rows = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(json.dumps(header)[:-1] + ', "cases": [\n' + rows + "\n]}\n")


if __name__ == "__main__":
    main()
