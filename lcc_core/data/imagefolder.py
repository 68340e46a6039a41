"""Tiles from a zip archive or a folder: one folder a class, wherever it lies inside."""

from __future__ import annotations

import io
import itertools
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from lcc_core.errors import DataError
from lcc_core.progress import OnProgress, Progress, ShouldStop, check

SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png")
LARGEST_FILE = 256 * 2**20  # bytes of one image file, unpacked
LARGEST_TILE = 4096  # pixels a side
Image.MAX_IMAGE_PIXELS = LARGEST_TILE**2


@dataclass(frozen=True)
class Listing:
    """The image files of a source: ``names`` relative paths in order, ``labels`` class numbers."""

    names: list[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    read: Callable[[str], bytes]


def list_images(source: Path) -> Listing:
    """Find the images of a zip archive or folder. The class is the name of an image's folder."""
    if source.is_dir():
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        names = [p.relative_to(source).as_posix() for p in files]

        def read(name: str) -> bytes:
            return (source / name).read_bytes()

    elif source.is_file():
        names, read = _open_archive(source)
    else:
        raise DataError(f"{source} does not exist.", "Name a zip archive or a folder.")
    hidden = (".", "__MACOSX")
    names = [n for n in names if not any(part.startswith(hidden) for part in n.split("/"))]
    classes = [PurePosixPath(name).parent.name for name in names]
    class_names = tuple(sorted(set(classes)))
    if len(class_names) < 2 or "" in class_names:
        raise DataError(
            f"{source.name} holds {len(names)} images in {len([c for c in class_names if c])} "
            "class folders.",
            "Put the images (.tif, .jpg, .png) into one folder a class, two classes or more.",
        )
    number = {name: index for index, name in enumerate(class_names)}
    return Listing(names, np.array([number[c] for c in classes], np.int64), class_names, read)


def _open_archive(source: Path) -> tuple[list[str], Callable[[str], bytes]]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(
            f"{source.name} is not a readable zip archive ({error}).",
            "Download it again, or unpack it and name the folder.",
        ) from error
    sizes = {i.filename: i.file_size for i in archive.infolist()}
    names = sorted(n for n in sizes if n.lower().endswith(SUFFIXES))

    def read(name: str) -> bytes:
        if sizes[name] > LARGEST_FILE:
            raise DataError(
                f"{name} in {source.name} unpacks to {sizes[name] / 2**20:.0f} MiB.",
                f"Tiles may have up to {LARGEST_FILE // 2**20} MiB.",
            )
        return archive.read(name)

    return names, read


def _open(listing: Listing, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(listing.read(name)))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,  # encrypted, or packed in a way that this program does not know
        ValueError,
    ) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> DataError:
    return DataError(
        f"{name} is not a readable image ({type(error).__name__}).",
        "Remove it or copy it again, then import once more; nothing was stored.",
    )


def common_size(listing: Listing, sample: int = 500) -> tuple[int, int]:
    """The most frequent height and width among an even sample of the images (headers only)."""
    step = max(1, len(listing.names) // sample)
    sizes = Counter(_open(listing, name).size for name in listing.names[::step])
    width, height = sizes.most_common(1)[0][0]
    if max(width, height) > LARGEST_TILE:
        raise DataError(
            f"The images are {width}×{height} pixels: these are scenes, not tiles.",
            f"Cut them into tiles of at most {LARGEST_TILE} pixels, or give a smaller size.",
        )
    return height, width


def decode_all(
    listing: Listing,
    images: np.ndarray,
    on_progress: OnProgress,
    should_stop: ShouldStop,
    threads: int = 2,
) -> int:
    """Decode into ``images`` (N, H, W, 3); sizes that differ are resized. Returns how many were."""
    height, width = images.shape[1:3]

    def decode(index: int) -> bool:
        name = listing.names[index]
        image = _open(listing, name)
        try:
            resize = image.size != (width, height)
            image = image.convert("RGB")
            if resize:
                image = image.resize((width, height), Image.Resampling.BICUBIC)
            images[index] = np.asarray(image)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise _unreadable(name, error) from error
        return resize

    resized = 0
    with ThreadPoolExecutor(threads) as pool:
        for chunk in _chunks(range(len(images)), 512):
            check(should_stop)
            resized += sum(pool.map(decode, chunk))
            on_progress(Progress("import", chunk[-1] + 1, len(images), "tiles decoded"))
    return resized


def _chunks(items: range, size: int) -> Iterator[tuple[int, ...]]:
    iterator = iter(items)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk
