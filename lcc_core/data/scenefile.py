"""Arrays from the files that scenes come in, by whichever reader knows their ending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lcc_core.data.readers import HEAD, SCENE, Raster, Wanted, reader_of
from lcc_core.errors import DataError
from lcc_core.inputs import open_regular

KINDS = {3: "cube (height, width, bands)", 2: "label map (height, width)"}


def read_raster(
    path: str | Path, dimensions: int, key: str = "", limit: int | None = None
) -> Raster:
    """Read the array of numbers with so many ``dimensions`` in a file.

    Args:
        path: of the file; of an ENVI file, its header.
        dimensions: 3 for a cube, 2 for a label map or a table.
        key: name of the array, where the file holds several.
        limit: most bytes that it may take in memory; :class:`Limit` has the default.

    Raises:
        DataError: for a file that is not readable, too large, or holds another array.
    """
    path = Path(path).expanduser()
    with open_regular(path) as file:
        head = file.read(HEAD)
    read = reader_of(path.name, SCENE, head).scene
    assert read is not None
    try:
        found = read(path, Wanted(dimensions, KINDS[dimensions], key, limit))
    except MemoryError as error:
        raise DataError(
            f"{path.name} does not fit into memory.", "Cut out a part of the scene."
        ) from error
    array = found.values
    if array.ndim == 3 and dimensions == 2 and 1 in array.shape:
        array = array.squeeze()
    if array.ndim != dimensions or array.dtype.kind not in "uif" or 0 in array.shape:
        raise DataError(
            f"{path.name} holds {array.dtype} {array.shape}, not a {KINDS[dimensions]}.",
            "Name the right file and key; bands come last.",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{path.name} holds values that are no numbers.", "Fill these pixels.")
    return found if array is found.values else replace(found, values=array)


def read_array(
    path: str | Path, dimensions: int, key: str = "", limit: int | None = None
) -> np.ndarray:
    """Read as :func:`read_raster` does, the values alone."""
    return read_raster(path, dimensions, key, limit).values
