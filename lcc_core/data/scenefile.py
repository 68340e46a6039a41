"""Arrays from the files that scenes come in: MATLAB, NumPy and ENVI."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lcc_core.data.envi import read_envi
from lcc_core.data.limits import Limit
from lcc_core.data.matlab import read_matlab
from lcc_core.errors import DataError
from lcc_core.inputs import open_regular

SUFFIXES = (".mat", ".npy", ".hdr")
KINDS = {3: "cube (height, width, bands)", 2: "label map (height, width)"}
LARGEST_HEADER = 10_000  # bytes of the header of a .npy file


def read_array(
    path: str | Path, dimensions: int, key: str = "", limit: int | None = None
) -> np.ndarray:
    """The array of numbers with so many ``dimensions`` in ``path``.

    ``key``: which one, where a ``.mat`` file holds several. ``limit``: most bytes that it may take
    in memory; :class:`Limit` has the default. Raises ``DataError``.
    """
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    open_regular(path).close()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{path.name} is of a kind this program does not read.",
            "Give a .mat file, a .npy file, or the .hdr of an ENVI file.",
        )
    try:
        if suffix == ".mat":
            array = read_matlab(path, dimensions, key, KINDS[dimensions], limit)
        else:
            array = (_from_numpy if suffix == ".npy" else read_envi)(path, limit)
    except MemoryError as error:
        raise DataError(
            f"{path.name} does not fit into memory.", "Cut out a part of the scene."
        ) from error
    if array.ndim == 3 and dimensions == 2 and 1 in array.shape:
        array = array.squeeze()
    if array.ndim != dimensions or array.dtype.kind not in "uif" or 0 in array.shape:
        raise DataError(
            f"{path.name} holds {array.dtype} {array.shape}, not a {KINDS[dimensions]}.",
            "Name the right file and key; bands come last.",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{path.name} holds values that are no numbers.", "Fill these pixels.")
    return array


def _from_numpy(path: Path, limit: int | None) -> np.ndarray:
    """Memory-mapped, once its header is known to speak of numbers that are there."""
    with open_regular(path) as file:
        try:
            shape, fortran, dtype = _header(file)
            start, length = file.tell(), file.seek(0, 2)
            if dtype.kind not in "uif" or dtype.subdtype:
                raise ValueError(f"it holds {dtype}, not numbers")
            if any(side < 0 for side in shape):
                raise ValueError(f"it speaks of a shape {shape}")
            count = math.prod(shape)
            if start + count * dtype.itemsize > length:
                raise ValueError(f"it speaks of {count:,} numbers, and they are not there")
            Limit.of(limit, length).check(count * max(4, dtype.itemsize), f"{path.name}")
            if not count:
                return np.empty(shape, dtype)
            return np.memmap(file, dtype, "r", start, shape, "F" if fortran else "C")
        except DataError:
            raise
        except Exception as error:  # a hostile header leads NumPy's parser to errors of any kind
            raise DataError(
                f"{path.name} is not a readable .npy file ({str(error) or type(error).__name__}).",
                "Save it with numpy.save.",
            ) from error


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and type of a ``.npy`` file. ``ValueError`` for what is none."""
    version = np.lib.format.read_magic(file)
    # NumPy reads a header whole, however long it says it is, before it judges its length.
    field = "<H" if version == (1, 0) else "<I"
    place = file.tell()
    told = file.read(struct.calcsize(field))
    if len(told) < struct.calcsize(field) or struct.unpack(field, told)[0] > LARGEST_HEADER:
        raise ValueError("its header is cut off or too long")
    file.seek(place)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version[0]}.{version[1]} of the format is not known here")
