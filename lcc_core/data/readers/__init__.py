"""What files hold pixels: a reader for each format, one file each, found by itself.

Readers take files from anybody: nothing is run or unpickled, what a file would take in memory is
judged by its header before it is read, and whatever is wrong with it is a ``DataError``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from lcc_core.errors import DataError
from lcc_core.plaintext import visible
from lcc_core.registry import Registry

TILE, SCENE = "tile", "scene"
HEAD = 4096  # bytes


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels with what their file says of them.

    Attributes:
        values: (H, W, C), or (H, W) of a label map. Tiles are uint8, uint16 or float32; a scene's
            array has whatever type of numbers its file has.
        band_names: of each band, where the file names them.
        wavelengths: of each band in nanometres, where they are known.
        scale: what stored values are multiplied by, then ``offset`` is added, to give the
            quantity that they stand for.
        offset: see ``scale``.
        no_data: the value of pixels that hold nothing.
        crs: the coordinate reference system, as an authority's code or WKT.
        transform: pixel (column, row) → place: (a, b, c, d, e, f) with x = a·column + b·row + c
            and y = d·column + e·row + f.
    """

    values: np.ndarray
    band_names: tuple[str, ...] = ()
    wavelengths: tuple[float, ...] = ()
    scale: float = 1.0
    offset: float = 0.0
    no_data: float | None = None
    crs: str = ""
    transform: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class OpenedTile:
    """A tile whose header was read and judged, and whose pixels are not decoded yet.

    Attributes:
        name: of its file.
        shape: height, width and bands as they are decoded.
        dtype: of the decoded values: uint8, uint16 or float32.
        decode: height and width → the pixels, resized where the file's differ.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    decode: Callable[[int, int], Raster]

    @property
    def bytes(self) -> int:
        """What the pixels take in memory, decoded at the file's own size."""
        height, width, bands = self.shape
        return height * width * bands * self.dtype.itemsize


@dataclass(frozen=True)
class Wanted:
    """Which array of a scene's file is read, and how large it may be.

    Attributes:
        dimensions: 3 for a cube (height, width, bands), 2 for a label map or a table.
        what: the same in words.
        key: name of the array, where a file holds several.
        limit: most bytes that it may take in memory; ``None``: by default, see ``Limit``.
    """

    dimensions: int
    what: str
    key: str = ""
    limit: int | None = None


@dataclass(frozen=True)
class Reader:
    """A format.

    Attributes:
        name: what it is called.
        summary: one sentence on what it reads.
        endings: of its files, in lower case with the dot.
        tile: content and name of a file → an opened tile. The content has 256 MiB or less.
        scene: path and what is wanted → a cube or a label map. The path is of a regular file.
        bounds: what it refuses, in words.
        claims: beginning of a file, up to 4 kB → whether it is this reader's, where several read
            its ending. One without takes what no other claims.
    """

    name: str
    summary: str
    endings: tuple[str, ...]
    tile: Callable[[bytes, str], OpenedTile] | None = None
    scene: Callable[[Path, Wanted], Raster] | None = None
    bounds: str = ""
    claims: Callable[[bytes], bool] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """``tile``, ``scene``, or both."""
        kinds = {TILE: self.tile, SCENE: self.scene}
        return tuple(kind for kind, read in kinds.items() if read is not None)


READERS: Registry[Reader] = Registry("reader", __name__, DataError)


def endings(kind: str) -> tuple[str, ...]:
    """List the endings of the files that a tile, or a scene, is read from."""
    return tuple(one for reader in READERS if kind in reader.reads for one in reader.endings)


def reader_of(name: str, kind: str, head: bytes) -> Reader:
    """Find who reads a file.

    Args:
        name: of the file; its ending decides.
        kind: ``tile`` or ``scene``.
        head: the file's beginning, which decides where several read that ending.

    Raises:
        DataError: nobody does; it names the known endings.
    """
    fitting = [r for r in READERS if kind in r.reads and name.lower().endswith(r.endings)]
    if not fitting:
        raise unknown_ending(name, kind)
    for reader in fitting:
        if reader.claims and reader.claims(head[:HEAD]):
            return reader
    return next((reader for reader in fitting if not reader.claims), fitting[0])


def unknown_ending(name: str, kind: str, more: str = "") -> DataError:
    """Make the refusal of a file that nobody reads."""
    ending = PurePath(name).suffix
    has = f"the ending {visible(ending)}" if ending else "no ending"
    return DataError(
        f"{visible(name)} has {has}, which no reader of a {kind} knows{more}.",
        f"Known are {', '.join(endings(kind))}: convert it, or leave it out.",
    )


def open_tile(content: bytes, name: str) -> OpenedTile:
    """Open a tile by whoever reads its format. Raises ``DataError``."""
    read = reader_of(name, TILE, content[:HEAD]).tile
    assert read is not None
    return read(content, name)
