"""Tiles from a zip archive or a folder: one folder a class, wherever it lies inside."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from lcc_core.data.classnames import check_class_names
from lcc_core.data.limits import Limit
from lcc_core.data.readers import TILE, OpenedTile, endings, open_tile, unknown_ending
from lcc_core.data.sources import Source, open_source
from lcc_core.errors import DataError, require
from lcc_core.hooks import Hooks, Progress

SAMPLE = 500  # images whose headers tell what the others will be like
# Endings of what lies beside tiles and holds none: notes, tables, georeferences, folder files.
BESIDE = (
    "", ".txt", ".md", ".rst", ".pdf", ".html", ".htm", ".doc", ".docx", ".bib", ".log",
    ".csv", ".tsv", ".xls", ".xlsx", ".json", ".geojson", ".xml", ".yaml", ".yml", ".toml",
    ".tfw", ".jgw", ".pgw", ".wld", ".prj", ".cpg", ".aux", ".db", ".ini", ".md5", ".sha256",
    ".py", ".ipynb", ".m", ".sh",
)  # fmt: skip
STORED = np.dtype(np.uint8)  # the type of tiles; see `TileSet`
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

    def open(self, name: str) -> OpenedTile:
        """Read the header of an image; ``DataError`` for what is none."""
        return open_tile(self.read(name), name)


def folder_name(file: PurePosixPath) -> str:
    """Tell the class of an image as most sets do: by the name of the folder that it lies in."""
    return file.parent.name


@contextmanager
def list_images(
    path: Path,
    limit: int | None = None,
    class_of: Callable[[PurePosixPath], str] = folder_name,
) -> Generator[Listing]:
    """Find the images of a zip archive or folder.

    Folders of one name are one class, wherever they lie; names that only look alike are refused.

    Args:
        path: of the archive or folder.
        limit: bytes that the files may have unpacked; see :class:`Limit` for the default.
        class_of: relative path of an image → name of its class.

    Raises:
        DataError: for what is no such source, and for files that no reader knows: what they hold
            would be missing.
    """
    with open_source(path, endings(TILE)) as source:
        names = list(source.sizes)
        _check_all_known(source)
        classes = [class_of(PurePosixPath(name)) for name in names]
        class_names = tuple(sorted(set(classes)))
        if len(class_names) < 2 or "" in class_names:
            raise DataError(
                f"{source.title} holds {len(names)} images in {len([c for c in class_names if c])} "
                "class folders.",
                f"Put the images ({', '.join(endings(TILE))}) into one folder a class, two or more "
                "of them.",
            )
        check_class_names(class_names, f"The class folders of {source.title}")
        unpacked = sum(source.sizes.values())
        Limit.of(limit, source.bytes).check(unpacked, f"The image files of {source.title}")
        number = {name: index for index, name in enumerate(class_names)}
        labels = np.array([number[c] for c in classes], np.int64)
        yield Listing(source.title, names, labels, class_names, source.bytes, source.read)


def _check_all_known(source: Source) -> None:
    """Raise ``DataError`` for files that look like tiles and that nobody reads."""
    foreign = [n for n in source.others if PurePosixPath(n).suffix.lower() not in BESIDE]
    if foreign:
        others = f", and so it is with {len(foreign) - 1:,} more" if len(foreign) > 1 else ""
        raise unknown_ending(foreign[0], TILE, others)


def common_shape(listing: Listing, limit: Limit) -> tuple[int, int, int]:
    """Find the most frequent height, width and bands in an even sample of the images' headers.

    Raises ``DataError`` where by this sample the images have more pixels than are allowed.
    """
    step = max(1, len(listing.names) // SAMPLE)
    opened = [listing.open(name) for name in listing.names[::step]]
    mean = sum(one.bytes for one in opened) / len(opened)
    limit.check(int(mean * len(listing.names)), f"The {len(listing.names):,} images, decoded,")
    return Counter(one.shape for one in opened).most_common(1)[0][0]


class Decoded:
    """Counts the bytes of decoded images, from many threads, and stops at a limit."""

    def __init__(self, limit: Limit, title: str) -> None:
        self._limit, self._title = limit, title
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, image: OpenedTile) -> None:
        """Count an image before it is decoded. Raises ``DataError`` where it is too much."""
        with self._lock:
            self._bytes += image.bytes
            self._limit.check(self._bytes, f"The images of {self._title}, decoded,")


def decode_all(
    listing: Listing,
    images: np.ndarray,
    limit: Limit,
    hooks: Hooks,
    threads: int = 2,
) -> int:
    """Decode into ``images`` (N, H, W, C); sizes that differ are resized.

    Returns how many were. Raises ``DataError`` for an image of another type or number of bands.
    """
    height, width, bands = images.shape[1:]
    decoded = Decoded(limit, listing.title)

    def fill(index: int) -> bool:
        name = listing.names[index]
        image = listing.open(name)
        check_fits(image, bands)
        decoded.add(image)
        values = image.decode(height, width).values
        kept = values.dtype == images.dtype and values.shape == images.shape[1:]
        # NumPy would cut other values off, or repeat them.
        require(kept, name, f"{values.dtype} {values.shape}", f"{images.dtype} {images.shape[1:]}")
        images[index] = values
        return image.shape[:2] != (height, width)

    resized = 0
    with ThreadPoolExecutor(threads) as pool:
        for chunk in _chunks(range(len(images)), 512):
            hooks.check()
            resized += sum(pool.map(fill, chunk))
            hooks.progress(Progress("import", chunk[-1] + 1, len(images), "tiles decoded"))
    return resized


def check_fits(image: OpenedTile, bands: int) -> None:
    """Raise ``DataError`` for a tile that cannot be stored among those of so many ``bands``."""
    if image.dtype != STORED:
        raise DataError(
            f"{image.name} holds {image.dtype} values, and tiles are stored as {STORED}.",
            "Convert the images to 8 bits: nothing is scaled or cut off unasked.",
        )
    if image.shape[2] != bands:
        raise DataError(
            f"{image.name} has {image.shape[2]} bands, and most others have {bands}.",
            "Import tiles of one kind together, the others under a name of their own.",
        )


def _chunks(items: range, size: int) -> Iterator[tuple[int, ...]]:
    iterator = iter(items)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk
