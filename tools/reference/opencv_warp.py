"""Writes conformance/goldens/opencv-warp.json: sha256 of OpenCV's warpPerspective of the square around pictures of many sizes.

Run with opencv-python-headless 4.11.0.86, pillow and numpy: python tools/reference/opencv_warp.py
MediaPipe carries an OpenCV of that line; OpenCV 5 samples differently. The pictures come from pillow_resize's formula.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
from pillow_resize import noise

OUTPUT = Path(__file__).parents[2] / "conformance" / "goldens" / "opencv-warp.json"
SOURCES = [(1, 1), (7, 300), (64, 75), (97, 89), (128, 128), (451, 300), (300, 451), (333, 777), (512, 120), (650, 714), (1000, 33)]
# One square that is turned and one that leaves the picture, as face crops will.
TURNED = [((100.5, 80.25), (90.0, 90.0), 30.0), ((10.0, 200.0), (150.0, 120.0), -75.0)]
SIZES = [128, 192, 256]
# MediaPipe's detectors see black beyond the picture, its landmark networks the nearest pixel.
BORDERS = {"black": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}


def warped(picture: np.ndarray, box, size: int, border: str = "black") -> dict:
    corners = cv2.boxPoints(box).astype(np.float32)
    target = np.array([[0, size], [0, 0], [size, 0], [size, size]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    pixels = cv2.warpPerspective(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=BORDERS[border], borderValue=0)
    return {"corners": corners.tolist(), "size": size, "border": border, "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}


def main() -> None:
    cases = []
    for width, height in SOURCES:
        side = float(max(width, height))
        for size in SIZES:
            cases.append({"source": [width, height], **warped(noise(width, height), ((width / 2, height / 2), (side, side), 0.0), size)})
    for box in TURNED:
        for border in BORDERS:
            cases.append({"source": [300, 451], **warped(noise(300, 451), box, 192, border)})
    header = {"reference": f"OpenCV {cv2.__version__}", "madeBy": "tools/reference/opencv_warp.py"}
    OUTPUT.write_text(json.dumps(header)[:-1] + ', "cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")


if __name__ == "__main__":
    main()
