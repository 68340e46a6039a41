"""NumPy's ``.npy``: memory-mapped, once its header is known to speak of numbers that are there."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lcc_core.data.limits import Limit
from lcc_core.data.readers import READERS, Raster, Reader, Wanted
from lcc_core.errors import DataError
from lcc_core.inputs import open_regular

LARGEST_HEADER = 10_000  # bytes


def read_npy(path: Path, wanted: Wanted) -> Raster:
    """Read the one array of a file; arrays of objects are refused."""
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
            Limit.of(wanted.limit, length).check(count * max(4, dtype.itemsize), f"{path.name}")
            if not count:
                return Raster(np.empty(shape, dtype))
            return Raster(np.memmap(file, dtype, "r", start, shape, "F" if fortran else "C"))
        except DataError:
            raise
        except Exception as error:  # a hostile header leads NumPy's parser to errors of any kind
            raise DataError(
                f"{path.name} is not a readable .npy file ({str(error) or type(error).__name__}).",
                "Save it with numpy.save.",
            ) from error


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read shape, Fortran order and type. Raises ``ValueError`` for what is no ``.npy`` file."""
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


READERS.register(
    Reader(
        "npy",
        "A NumPy array of numbers, memory-mapped.",
        (".npy",),
        scene=read_npy,
        bounds="arrays of objects; headers above 10 kB; more than --limit",
    )
)
