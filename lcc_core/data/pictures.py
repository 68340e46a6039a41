"""One image file → pixels: JPEG, PNG or TIFF and nothing else, its size judged from its header.

Pillow knows some forty formats. One of them (EPS) is a program that it has Ghostscript run, so
what a file is called says nothing; only the readers named here are ever asked.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from lcc_core.data.tiff import tile_sides
from lcc_core.errors import DataError

FORMATS = ("JPEG", "PNG", "TIFF")
SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png")
LARGEST_SIDE = 4096  # pixels
AGAIN = "Remove it or copy it again, then import once more; nothing was stored."
# Where a mark stands in a file, the mark, and what it tells without opening the file.
SIGNATURES = (
    (0, b"%!PS", "a PostScript program (EPS)"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript program (EPS)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"GIF8", "a GIF image"),
    (0, b"BM", "a BMP image"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"icns", "an icon (ICNS)"),
    (0, b"\x00\x00\x01\x00", "an icon (ICO)"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (40, b" EMF", "a Windows metafile (EMF)"),
    (8, b"WEBP", "a WebP image"),
    (4, b"ftyp", "an AVIF, HEIC or video file"),
    (4, b"jP  ", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"qoif", "a QOI image"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"<", "text (HTML, XML or SVG)"),
)
# Sizes are judged here, stricter than Pillow does, and an error says what is wrong.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def open_image(content: bytes, name: str) -> Image.Image:
    """Read the header of an image file; its pixels are decoded when they are asked for.

    Raises ``DataError`` for any other format, damage, and sides above ``LARGEST_SIDE`` pixels.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        if what := _what(content):
            raise DataError(
                f"{name} is {what}, not a JPEG, PNG or TIFF image.",
                "Convert it to one of these, or remove it; nothing was stored.",
            ) from error
        raise _damaged(name, error) from error
    except Exception as error:  # a hostile header leads Pillow's readers to errors of any kind
        raise _damaged(name, error) from error
    _check_sides(image, content, name)
    return image


def decode(image: Image.Image, name: str, width: int, height: int) -> np.ndarray:
    """The pixels of an opened image, uint8 (height, width, 3), resized where they differ."""
    try:
        image = image.convert("RGB")
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(image)
    except Exception as error:  # as above
        raise _damaged(name, error) from error


def _check_sides(image: Image.Image, content: bytes, name: str) -> None:
    if max(image.size) > LARGEST_SIDE:
        raise DataError(
            f"{name} is {image.width}×{image.height} pixels: a scene, not a tile.",
            f"Cut it into tiles of at most {LARGEST_SIDE} pixels a side.",
        )
    if image.format != "TIFF":
        return
    try:
        sides = tile_sides(content)
    except ValueError as error:
        raise _damaged(name, error) from error
    if max(sides, default=0) > LARGEST_SIDE:
        raise DataError(
            f"{name} is stored in tiles of {'×'.join(map(str, sides))} pixels.",
            f"Save it again with tiles of at most {LARGEST_SIDE} pixels a side.",
        )


def _what(content: bytes) -> str:
    """What the file is if it is no image that is read here; empty where that cannot be told."""
    found = (what for place, mark, what in SIGNATURES if content[place:].startswith(mark))
    return next(found, "")


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is not a readable image ({type(error).__name__}).", AGAIN)
