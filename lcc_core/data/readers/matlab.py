"""One array of a MATLAB file (``-v4``, ``-v6``, ``-v7``), its size known before it is read.

A variable may be compressed a thousandfold, and cells and structures may claim any number of
elements: the file is measured first, and only the array that is asked for is read.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lcc_core.data.limits import Limit
from lcc_core.data.readers import READERS, Raster, Reader, Wanted
from lcc_core.errors import DataError
from lcc_core.inputs import open_regular
from lcc_core.units import size

HDF5 = b"\x89HDF"
AGAIN = "Get the file again, or save it from MATLAB with -v7."
# The classes of numbers, and the bytes of each in memory.
CLASSES = {
    "double": 8,
    "single": 4,
    "logical": 1,
    **{f"{sign}int{8 * count}": count for sign in ("", "u") for count in (1, 2, 4, 8)},
}
COMPRESSED = 15  # the type of an element that holds another one, deflated
VERSION4_BYTES = (8, 4, 4, 2, 2, 1)  # of a number, by its type
LARGEST_VERSION4 = 2**31  # bytes of a variable; its reader computes with 32 bits
Shapes = dict[str, tuple[int, ...]]


def read_matlab(path: Path, wanted: Wanted) -> Raster:
    """Read the array of the wanted key, or the only one that has so many dimensions."""
    from scipy.io import loadmat, whosmat

    with open_regular(path) as file:
        if HDF5 in file.read(4096):
            raise DataError(f"{path.name} is a MATLAB 7.3 file (HDF5).", AGAIN)
        length = os.fstat(file.fileno()).st_size
        most = Limit.of(wanted.limit, length)
        try:
            most.check(_unpacked(file, length, most.bytes), f"{path.name}, unpacked,")
            file.seek(0)
            listed = whosmat(file)
        except DataError:
            raise
        except Exception as error:  # a damaged file leads its reader to errors of any kind
            raise _unreadable(path, error) from error
        names = [name for name, _, _ in listed]
        if twice := [name for name in names if names.count(name) > 1]:
            raise DataError(f"{path.name} holds {twice[0]!r} twice.", AGAIN)
        arrays = {name: shape for name, shape, kind in listed if kind in CLASSES}
        name = _choose(arrays, path.name, wanted)
        kinds = {name: kind for name, _, kind in listed}
        count = math.prod(arrays[name])
        most.check(count * max(4, CLASSES[kinds[name]]), f"The array {name!r} of {path.name}")
        try:
            file.seek(0)
            return Raster(loadmat(file, variable_names=[name])[name])
        except Exception as error:  # as above
            raise _unreadable(path, error) from error


def _choose(arrays: Shapes, title: str, wanted: Wanted) -> str:
    shown = ", ".join(f"{n} {'×'.join(map(str, s))}" for n, s in arrays.items()) or "none"
    if wanted.key:
        if wanted.key not in arrays:
            raise DataError(f"{title} has no array {wanted.key!r}.", f"It holds {shown}.")
        return wanted.key
    fitting = [name for name, shape in arrays.items() if len(shape) == wanted.dimensions]
    if len(fitting) != 1:
        raise DataError(
            f"{title} holds {len(fitting)} arrays that could be the {wanted.what}.",
            f"Say which with --keys CUBE,LABELS. It holds {shown}.",
        )
    return fitting[0]


def _unpacked(file: BinaryIO, length: int, most: int) -> int:
    """Count the bytes of all variables without their compression, until soon above ``most``."""
    file.seek(0)
    start = file.read(128)
    if 0 in start[:4]:
        return _version4(file, length)
    order = "<" if start[126:128] == b"IM" else ">"
    total = 0
    while total <= most and len(tag := file.read(8)) == 8:
        kind, count = struct.unpack(order + "II", tag)
        following = file.tell() + count
        if kind != COMPRESSED:
            total += min(count, max(0, length - file.tell()))
        else:
            for part in _inflated(file, min(count, max(0, length - file.tell()))):
                total += part
                if total > most:
                    break
        file.seek(following)
    return total


def _inflated(file: BinaryIO, count: int, step: int = 1 << 20) -> Iterator[int]:
    """Yield the sizes of the parts that ``count`` bytes unpack to, none above ``step``."""
    unpacker = zlib.decompressobj()
    while count > 0 and not unpacker.eof and (part := file.read(min(count, step))):
        count -= len(part)
        while part and not unpacker.eof:
            yield len(unpacker.decompress(part, step))
            part = unpacker.unconsumed_tail


def _version4(file: BinaryIO, length: int) -> int:
    """Count the bytes of all variables of a version 4 file.

    Raises ``ValueError`` for sizes that lead its reader nowhere: it goes round for ever where one
    of them is negative.
    """
    place = 0
    while place < length:
        file.seek(place)
        head = file.read(20)
        order = "<" if 0 <= struct.unpack_from("<i", head)[0] <= 5000 else ">"
        code, rows, columns, imaginary, name = struct.unpack(order + "5i", head)
        kind = code // 10 % 10
        if min(code, rows, columns, name) < 0 or kind >= len(VERSION4_BYTES):
            raise ValueError("a variable of a size that cannot be")
        count = rows * columns * VERSION4_BYTES[kind] * (2 if imaginary else 1)
        if count >= LARGEST_VERSION4 or place + 20 + name + count > length:
            raise ValueError(f"a variable of {size(count)} in a file of {size(length)}")
        place += 20 + name + count
    return length


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is not a readable .mat file ({error}).", AGAIN)


READERS.register(
    Reader(
        "matlab",
        "One array of a MATLAB file of version 4, 6 or 7.",
        (".mat",),
        scene=read_matlab,
        bounds="MATLAB 7.3; cells and structures; more than --limit, unpacked",
    )
)
