"""Writes conformance/mediapipe.json: what MediaPipe's own face detection finds in conformance/photos.

Run with tools/reference/requirements-faces.txt: python tools/reference/mediapipe_detections.py
mp.solutions ignores min_detection_confidence in this version: the graphs' own thresholds hold, 0.5 (short range) and 0.6 (full range).
"""

import json
from pathlib import Path

import mediapipe
import numpy as np
from PIL import Image, ImageOps

CONFORMANCE = Path(__file__).parents[2] / "conformance"
NOTE = (
    f"MediaPipe {mediapipe.__version__} face detection (short and full range; its graphs keep scores from 0.5 and 0.6). box [x, y, width, height] and "
    "keypoints [x, y] are relative to the decoded, EXIF-turned image; keypoints: right eye, left eye, nose tip, mouth centre, right ear tragion, left ear tragion."
)


def read_rgb(path: Path) -> np.ndarray:
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) / 257).astype(np.uint8))
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")))


def detect(pixels: np.ndarray, model_selection: int) -> list[dict]:
    with mediapipe.solutions.face_detection.FaceDetection(model_selection=model_selection) as detector:
        found = detector.process(pixels).detections or []
    faces = []
    for face in found:
        box = face.location_data.relative_bounding_box
        keypoints = [[point.x, point.y] for point in face.location_data.relative_keypoints]
        faces.append({"score": face.score[0], "box": [box.xmin, box.ymin, box.width, box.height], "keypoints": keypoints})
    return faces


def main() -> None:
    output = CONFORMANCE / "mediapipe.json"
    images = {}
    for name in json.loads(output.read_text())["images"]:
        pixels = read_rgb(CONFORMANCE / "photos" / name)
        size = [pixels.shape[1], pixels.shape[0]]
        images[name] = {"size": size, "short": detect(pixels, 0), "full": detect(pixels, 1)}
    output.write_text(json.dumps({"note": NOTE, "images": images}, indent=1) + "\n")


if __name__ == "__main__":
    main()
