"""One image file → pixels: JPEG, PNG or TIFF and nothing else, its size judged from its header.

Pillow knows some forty formats. One of them (EPS) is a program that it has Ghostscript run, so
what a file is called says nothing; only the formats named here are ever asked for.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from lcc_core.data.readers import READERS, OpenedTile, Raster, Reader
from lcc_core.data.tiff import tile_sides
from lcc_core.errors import DataError

FORMATS = ("JPEG", "PNG", "TIFF")
SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png")
LARGEST_SIDE = 4096  # pixels
RGB = 3  # bands
PNG_BITS = 24  # where a PNG says how many bits a value has
BITS_PER_SAMPLE, SAMPLE_FORMAT, FLOATS = 258, 339, 3  # two tags of TIFF, and a format
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


def open_picture(content: bytes, name: str) -> OpenedTile:
    """Open a picture as a tile of three bands: grey is repeated, transparency left out."""
    image = open_image(content, name)
    try:
        dtype = _dtype(image, content)
    except Exception as error:  # as in `open_image`
        raise _damaged(name, error) from error

    def decoded(height: int, width: int) -> Raster:
        if dtype != np.uint8:  # Pillow would cut the values off at 255
            raise DataError(
                f"{name} holds {dtype} values.", "Pictures are read in 8 bits: convert it."
            )
        return Raster(decode(image, name, width, height))

    return OpenedTile(name, (image.height, image.width, RGB), dtype, decoded)


def _dtype(image: Image.Image, content: bytes) -> np.dtype:
    """Read the type of the values as they stand in the file, whatever Pillow makes of them."""
    bits, floats = 8, False
    if image.format == "PNG":
        bits = content[PNG_BITS]
    elif isinstance(image, TiffImageFile):
        bits = max(image.tag_v2.get(BITS_PER_SAMPLE, (1,)))
        floats = FLOATS in image.tag_v2.get(SAMPLE_FORMAT, (1,))
    if floats:
        return np.dtype(np.float32 if bits <= 32 else np.float64)
    return np.dtype(np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32)


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
    """Decode an opened image: uint8 (height, width, 3), resized where its size differs."""
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
    """Name what the file is if no image is read from it; empty where that cannot be told."""
    found = (what for place, mark, what in SIGNATURES if content[place:].startswith(mark))
    return next(found, "")


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is not a readable image ({type(error).__name__}).", AGAIN)


READERS.register(
    Reader(
        "pictures",
        "A JPEG, PNG or TIFF picture of 8 bits, through Pillow.",
        SUFFIXES,
        tile=open_picture,
        bounds=f"other formats, whatever they are called; sides above {LARGEST_SIDE} pixels",
    )
)
