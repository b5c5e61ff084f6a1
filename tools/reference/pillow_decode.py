"""Writes conformance/goldens/pillow-decode.json: small encoded pictures of many kinds, and what Pillow decodes them to.

Run with the pinned packages: python tools/reference/pillow_decode.py
The corpus has one file a kind; these are the combinations that it lacks. The photographs' hashes are in it, too.
"""

import base64
import hashlib
import io
import json
import struct
import warnings
import zlib
from pathlib import Path

import numpy
import PIL
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "conformance" / "goldens" / "pillow-decode.json"
PHOTOS = ROOT / "conformance" / "photos"
ENDINGS = {".jpg", ".png", ".webp", ".bmp"}
RANDOM = numpy.random.default_rng(3)


def picture(width, height, channels=3):
    """Smooth with some noise, so that every filter, predictor and frequency has work."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [128 + 100 * numpy.sin(x / (3 + c) + c) * numpy.cos(y / (5 - c)) for c in range(channels)]
    noisy = numpy.stack(planes, axis=-1) + RANDOM.normal(0, 12, (height, width, channels))
    return noisy.clip(0, 255).astype(numpy.uint8).squeeze()


def encoded(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def bmp(bits, compression=0, *, width=13, height=7, masks=(), header=40, colors=0, rows="up", pixels=None):
    """A BMP of random pixels; `masks` lie behind a 40-byte header and within a longer one."""
    stride = (width * bits + 31) // 32 * 4
    body = pixels if pixels is not None else RANDOM.bytes(stride * height)
    palette = RANDOM.bytes((colors or (1 << bits if bits <= 8 else 0)) * (3 if header == 12 else 4))
    if header == 12:
        dib = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        signed = -height if rows == "down" else height
        dib = struct.pack("<IiiHHIIiiII", header, width, signed, 1, bits, compression, len(body), 0, 0, colors, 0)
        packed = struct.pack(f"<{len(masks)}I", *masks)
        dib = dib + packed if header == 40 else (dib + packed).ljust(header, b"\0")
    offset = 14 + len(dib) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(body), 0, 0, offset) + dib + palette + body


def bmps():
    for bits in (1, 4, 8, 16, 24, 32):
        yield f"bmp {bits} bits", bmp(bits)
        yield f"bmp {bits} bits, top-down", bmp(bits, rows="down")
    for bits in (1, 4, 8, 24):
        yield f"bmp {bits} bits, OS/2", bmp(bits, header=12)
    for header in (52, 56, 64, 108, 124):
        yield f"bmp 24 bits, header of {header} bytes", bmp(24, header=header)
    yield "bmp 8 bits, few colors", bmp(8, colors=5, pixels=bytes(RANDOM.integers(0, 7, 16 * 7, dtype=numpy.uint8)))
    for name, masks in {"555": (0x7C00, 0x3E0, 0x1F), "565": (0xF800, 0x7E0, 0x1F)}.items():
        yield f"bmp 16 bits, masks {name}", bmp(16, 3, masks=masks)
    yield "bmp 24 bits, masks", bmp(24, 3, masks=(0xFF0000, 0xFF00, 0xFF))
    for masks in [
        (0xFF0000, 0xFF00, 0xFF, 0),
        (0xFF000000, 0xFF0000, 0xFF00, 0),
        (0xFF000000, 0xFF00, 0xFF, 0),
        (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
        (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        (0xFF000000, 0xFF00, 0xFF, 0xFF0000),
        (0, 0, 0, 0),
    ]:
        yield "bmp 32 bits, masks " + " ".join(f"{mask:x}" for mask in masks), bmp(32, 3, masks=masks, header=56)
    yield "bmp RLE8, runs, literals, a jump", bmp(
        8, 1, width=5, height=4, pixels=bytes([3, 9, 0, 0, 0, 3, 1, 2, 3, 0, 2, 7, 0, 0, 0, 2, 1, 1, 9, 4, 0, 0, 5, 8, 0, 1])
    )
    yield "bmp RLE4, runs past the row", bmp(
        4, 2, width=5, height=3, pixels=bytes([9, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 0, 5, 0xAB, 0, 1])
    )


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(bits, color, interlace=0, *, width=11, height=9, extra=b"", checksum=None):
    """A PNG of random samples with random filters; Adam7 has its passes one after the other."""
    per_pixel = bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x, y, dx, dy in adam7 if interlace else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0:
            for _ in range(max(rows, 0)):
                data += bytes([RANDOM.integers(0, 5)]) + RANDOM.bytes(-(-columns * per_pixel // 8))
    stream = zlib.compress(data)
    if checksum is not None:
        stream = stream[:-4] + checksum
    palette = chunk(b"PLTE", RANDOM.bytes(3 * 2**bits)) if color == 3 else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + header + palette + extra + chunk(b"IDAT", stream) + chunk(b"IEND")


def pngs():
    kinds = [(b, 0) for b in (1, 2, 4, 8, 16)] + [(b, 3) for b in (1, 2, 4, 8)] + [(b, c) for c in (2, 4, 6) for b in (8, 16)]
    for bits, color in kinds:
        for interlace in (0, 1):
            yield f"png {bits} bits, color type {color}, interlace {interlace}", png(bits, color, interlace)
    for size in ((1, 1), (2, 1), (1, 5), (3, 3), (5, 1)):
        yield f"png {size[0]} x {size[1]}, interlaced", png(4, 0, 1, width=size[0], height=size[1])
    whole = png(8, 2)
    yield "png without its end chunk", whole[:-12]
    yield "png without its last checksum", whole[:-16]
    yield "png that ends within the zlib checksum", png(8, 2, checksum=b"")
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="8"/>'
    yield "png turned by XMP", png(8, 2, extra=chunk(b"iTXt", xmp))
    exif = b"Exif\0\0" + bytes(orientation_block(5))
    raw = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    yield "png turned by a raw profile", png(8, 2, extra=chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)))
    frames = [Image.fromarray(picture(12, 10)) for _ in range(2)]
    for default in (False, True):
        name = "with" if default else "without"
        yield f"apng {name} a default image", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:] * 2, default_image=default)


def orientation_block(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()[6:]


def jpegs():
    for size in ((1, 1), (5, 3), (16, 16), (17, 33), (40, 23)):
        image = Image.fromarray(picture(*size).reshape(size[1], size[0], 3))
        for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
            for progressive in (False, True):
                kind = "progressive" if progressive else "baseline"
                yield f"jpeg {size[0]} x {size[1]} {sampling} {kind}", encoded(
                    image, "JPEG", quality=80, subsampling=sampling, progressive=progressive
                )
    image = Image.fromarray(picture(37, 29))
    yield "jpeg 4:4:0", tall_chroma(encoded(image, "JPEG", subsampling="4:2:2"))
    yield "jpeg without Huffman tables", without_segments(encoded(image, "JPEG"), 0xC4)
    yield "jpeg RGB", encoded(image, "JPEG", keep_rgb=True)
    yield "jpeg restart rows", encoded(image, "JPEG", restart_marker_rows=1)
    yield "jpeg restart blocks, progressive", encoded(image, "JPEG", restart_marker_blocks=2, progressive=True)
    hard = Image.fromarray(((numpy.indices((32, 32)).sum(axis=0) % 2) * 255).astype(numpy.uint8))
    yield "jpeg that overshoots white and black", encoded(hard, "JPEG", quality=3)
    inks = Image.fromarray(picture(33, 21, 4), "CMYK")
    for progressive in (False, True):
        cmyk = encoded(inks, "JPEG", progressive=progressive)
        yield f"jpeg CMYK, progressive {progressive}", cmyk
        yield f"jpeg YCCK, progressive {progressive}", ycck(cmyk)
    yield "jpeg YCCK 4:2:0", ycck(encoded(inks, "JPEG", subsampling="4:2:0"))


def tall_chroma(jpeg):
    """4:2:2 turned upright: the same blocks, with the first component's sampling 1 x 2. Its pixels are nonsense, but the same nonsense."""
    at = jpeg.index(b"\xff\xc0") + 2 + 2 + 1
    width, height = jpeg[at + 2 : at + 4], jpeg[at : at + 2]
    return jpeg[:at] + width + height + jpeg[at + 4 : at + 6] + b"\x12" + jpeg[at + 7 :]


def without_segments(jpeg, marker):
    """Without those before the pixels that have this marker."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        kept += b"" if jpeg[at + 1] == marker else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


def ycck(jpeg):
    """The same components, declared as YCbCr and black."""
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + b"\x02" + jpeg[at + 1 :]


def damaged_jpegs():
    """Small sequential JPEGs with damaged pixels or headers: libjpeg repairs most of them, each in its way, and refuses the rest."""
    sources = [
        encoded(Image.fromarray(picture(26, 19)), "JPEG", quality=quality, **options)
        for quality in (40, 95)
        for options in ({}, {"restart_marker_blocks": 1}, {"subsampling": 0}, {"restart_marker_rows": 1})
    ]
    for number in range(120):
        data = bytearray(sources[number % len(sources)])
        scan = data.index(b"\xff\xda") + 14
        for _ in range(RANDOM.integers(1, 4)):
            at = int(RANDOM.integers(scan, len(data) - 2))
            kind = RANDOM.integers(0, 6)
            if kind < 2:
                data[at] = RANDOM.integers(0, 256)
            elif kind == 2:
                del data[at : at + int(RANDOM.integers(1, 12))]
            elif kind == 3:
                data[at:at] = RANDOM.bytes(3)
            elif kind == 4:
                data[at : at + 2] = bytes([0xFF, RANDOM.integers(0xD0, 0xD8)])
            else:
                data[at : at + 2] = bytes([0xFF, RANDOM.integers(1, 0xD0)])
        yield f"damaged jpeg {number}", bytes(data)
    whole = sources[0]
    tables = whole.index(b"\xff\xc4")
    yield "jpeg with too many Huffman codes", whole[: tables + 5] + b"\x02" + whole[tables + 6 : tables + 7] + b"\0" + whole[tables + 8 :]
    frame = whole.index(b"\xff\xc0")
    yield "jpeg of 18 blocks a unit", whole[: frame + 11] + b"\x44" + whole[frame + 12 :]
    steep = whole.index(b"\xff\xdb") + 5
    yield "jpeg that overflows 16 bits", whole[:steep] + b"\xff" * 64 + whole[steep + 64 :]


def turned():
    image = Image.fromarray(picture(14, 9))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg orientation {orientation}", encoded(image, "JPEG", exif=exif)
        yield f"png orientation {orientation}", encoded(image, "PNG", exif=exif)
        yield f"webp orientation {orientation}", encoded(image, "WEBP", lossless=True, exif=exif)


def webps():
    image = Image.fromarray(picture(23, 17))
    alpha = Image.fromarray(picture(23, 17, 4), "RGBA")
    yield "webp lossy", encoded(image, "WEBP", quality=60)
    yield "webp lossless", encoded(image, "WEBP", lossless=True)
    yield "webp lossy with alpha", encoded(alpha, "WEBP", quality=70)
    yield "webp lossless with alpha", encoded(alpha, "WEBP", lossless=True, exact=True)
    frames = [Image.fromarray(picture(20, 16, 4), "RGBA") for _ in range(3)]
    for lossless in (False, True):
        yield f"webp animated, lossless {lossless}", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=lossless)


def decoded_or_refused(file):
    try:
        return decoded(file)
    except (OSError, SyntaxError):
        return {"refused": True}


def decoded(file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    return {"width": image.width, "height": image.height, "sha256": hashlib.sha256(image.tobytes()).hexdigest()}


def main():
    cases = [
        {"name": name, **decoded(io.BytesIO(data)), "base64": base64.b64encode(data).decode()}
        for kind in (bmps, pngs, jpegs, turned, webps)
        for name, data in kind()
    ]
    damaged = [
        {"name": name, **decoded_or_refused(io.BytesIO(data)), "base64": base64.b64encode(data).decode()}
        for name, data in damaged_jpegs()
    ]
    photos = [{"photo": path.name, **decoded(path)} for path in sorted(PHOTOS.iterdir()) if path.suffix in ENDINGS]
    lines = [json.dumps(case) for case in cases]
    header = f'{{"reference": "Pillow {PIL.__version__}", "madeBy": "tools/reference/pillow_decode.py",\n"photos": [\n'
    photo_lines = ",\n".join(map(json.dumps, photos))
    OUTPUT.write_text(header + photo_lines + '\n],\n"cases": [\n' + ",\n".join(lines) + '\n],\n"damaged": [\n' + ",\n".join(map(json.dumps, damaged)) + "\n]}\n")
    print(len(cases), "cases,", len(damaged), "damaged,", len(photos), "photographs")


if __name__ == "__main__":
    main()
