"""Writes conformance/pictures: small labelled pictures to train on, a folder of pictures for each label.

textures/{train,test}/{brick,grass,gravel}: crops of the three photographs that scikit-image carries; no pixel is in two of them.
digits/{0..9}: handwritten digits of 8 x 8 pixels from scikit-learn.
"""

import shutil

import numpy
import skimage.data
from PIL import Image
from sklearn.datasets import load_digits

import seeded

PICTURES = seeded.ROOT / "conformance" / "pictures"
SIDE = 96
ROWS = 5  # of five rows of crops, the last is the test
DIGITS = 20  # of each


def textures():
    for label in ("brick", "grass", "gravel"):
        photograph = Image.fromarray(getattr(skimage.data, label)())
        for row in range(ROWS):
            for column in range(ROWS):
                folder = PICTURES / "textures" / ("test" if row == ROWS - 1 else "train") / label
                folder.mkdir(parents=True, exist_ok=True)
                left, top = column * 102, row * 102
                photograph.crop((left, top, left + SIDE, top + SIDE)).save(folder / f"{row}{column}.jpg", quality=85)


def digits():
    data = load_digits()
    for label in range(10):
        folder = PICTURES / "digits" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        for number, index in enumerate(numpy.flatnonzero(data.target == label)[:DIGITS]):
            pixels = numpy.minimum(data.images[index] * 16, 255).astype(numpy.uint8)
            Image.fromarray(pixels).save(folder / f"{number:02d}.png")


if __name__ == "__main__":
    for name in ("textures", "digits"):
        shutil.rmtree(PICTURES / name, ignore_errors=True)
    textures()
    digits()
