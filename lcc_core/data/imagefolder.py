"""Tiles from a zip archive or a folder: one folder a class, wherever it lies inside."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from lcc_core.data.classnames import check_class_names
from lcc_core.data.limits import Limit
from lcc_core.data.pictures import SUFFIXES, decode, open_image
from lcc_core.data.sources import open_source
from lcc_core.errors import DataError
from lcc_core.hooks import Hooks, Progress

SAMPLE = 500  # images whose headers tell what the others will be like
RGB = 3  # bytes of a pixel
SMALLER = "Give a smaller --size, or, if that is meant,"


@dataclass(frozen=True)
class Listing:
    """The image files of a source: ``names`` relative paths in order, ``labels`` class numbers.

    ``bytes``: of the archive, or of all the files of the folder.
    """

    title: str
    names: list[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    bytes: int
    read: Callable[[str], bytes]

    def open(self, name: str) -> Image.Image:
        """The header of an image; ``DataError`` for what is none."""
        return open_image(self.read(name), name)


@contextmanager
def list_images(path: Path, limit: int | None = None) -> Iterator[Listing]:
    """Find the images of a zip archive or folder. The class is the name of an image's folder.

    Folders of one name are one class, wherever they lie; names that only look alike are refused.
    ``limit``: bytes that the files may have unpacked; see :class:`Limit` for the default.
    """
    with open_source(path, SUFFIXES) as source:
        names = list(source.sizes)
        classes = [PurePosixPath(name).parent.name for name in names]
        class_names = tuple(sorted(set(classes)))
        if len(class_names) < 2 or "" in class_names:
            raise DataError(
                f"{source.title} holds {len(names)} images in {len([c for c in class_names if c])} "
                "class folders.",
                "Put the images (.tif, .jpg, .png) into one folder a class, two classes or more.",
            )
        check_class_names(class_names, f"The class folders of {source.title}")
        unpacked = sum(source.sizes.values())
        Limit.of(limit, source.bytes).check(unpacked, f"The image files of {source.title}")
        number = {name: index for index, name in enumerate(class_names)}
        labels = np.array([number[c] for c in classes], np.int64)
        yield Listing(source.title, names, labels, class_names, source.bytes, source.read)


def common_size(listing: Listing, limit: Limit) -> tuple[int, int]:
    """The most frequent height and width among an even sample of the images (headers only).

    Raises ``DataError`` where by this sample the images have more pixels than are allowed.
    """
    step = max(1, len(listing.names) // SAMPLE)
    sizes = [listing.open(name).size for name in listing.names[::step]]
    mean = sum(width * height for width, height in sizes) / len(sizes)
    limit.check(
        int(RGB * mean * len(listing.names)), f"The {len(listing.names):,} images, decoded,"
    )
    width, height = Counter(sizes).most_common(1)[0][0]
    return height, width


class Decoded:
    """Counts the bytes of decoded images, from many threads, and stops at a limit."""

    def __init__(self, limit: Limit, title: str) -> None:
        self._limit, self._title = limit, title
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, image: Image.Image) -> None:
        """Count an image before it is decoded. Raises ``DataError`` where it is too much."""
        with self._lock:
            self._bytes += RGB * image.width * image.height
            self._limit.check(self._bytes, f"The images of {self._title}, decoded,")


def decode_all(
    listing: Listing,
    images: np.ndarray,
    limit: Limit,
    hooks: Hooks,
    threads: int = 2,
) -> int:
    """Decode into ``images`` (N, H, W, 3); sizes that differ are resized. Returns how many were."""
    height, width = images.shape[1:3]
    decoded = Decoded(limit, listing.title)

    def fill(index: int) -> bool:
        name = listing.names[index]
        image = listing.open(name)
        decoded.add(image)
        images[index] = decode(image, name, width, height)
        return image.size != (width, height)

    resized = 0
    with ThreadPoolExecutor(threads) as pool:
        for chunk in _chunks(range(len(images)), 512):
            hooks.check()
            resized += sum(pool.map(fill, chunk))
            hooks.progress(Progress("import", chunk[-1] + 1, len(images), "tiles decoded"))
    return resized


def _chunks(items: range, size: int) -> Iterator[tuple[int, ...]]:
    iterator = iter(items)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk
