"""The cube or map of an ENVI file: a header in text, and its numbers in a file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lcc_core.data.limits import Limit
from lcc_core.data.readers import READERS, Raster, Reader, Wanted
from lcc_core.errors import DataError
from lcc_core.inputs import read_regular
from lcc_core.units import size

LARGEST_HEADER = 256 * 1024  # bytes; 2,000 bands with names and wavelengths take 100 kB
MOST_LINES = 20_000
BYTES = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 12: 2, 13: 4, 14: 8, 15: 8}  # of the types of real numbers


def read_envi(path: Path, wanted: Wanted) -> Raster:
    """Read float32 (lines, samples, bands) by the header ``path``."""
    try:
        from spectral.io import envi
    except ImportError as error:
        raise DataError(
            "ENVI files need the package spectral.", "Install it: pip install '.[envi]'."
        ) from error
    if read_regular(path, LARGEST_HEADER).count(b"\n") > MOST_LINES:
        raise DataError(f"{path.name} has more than {MOST_LINES:,} lines.", "Name a header.")
    try:
        header = envi.read_envi_header(str(path))
        count, kind = _numbers(header), int(header["data type"])
        if kind not in BYTES:
            raise ValueError(f"its data type {kind} is no real number")
        opened = envi.open(str(path))
        data = Path(opened.filename)
        length, needed = data.stat().st_size, opened.offset + count * BYTES[kind]
        if opened.offset < 0 or needed > length:
            raise ValueError(f"it speaks of {size(needed)}, and {data.name} has {size(length)}")
        Limit.of(wanted.limit, length).check(
            count * max(4, BYTES[kind]), f"The cube of {path.name}"
        )
        return Raster(np.asarray(opened.load(dtype=np.float32)))
    except DataError:
        raise
    except Exception as error:  # its reader has errors of its own for every field of a header
        raise DataError(
            f"{path.name} is not a readable ENVI file ({error}).",
            "Keep the data file beside its header, under the same name.",
        ) from error


def _numbers(header: dict[str, Any]) -> int:
    """Count the numbers of the file. Raises ``ValueError`` for sides that cannot be."""
    count = 1
    for side in ("lines", "samples", "bands"):
        if int(header[side]) < 1:
            raise ValueError(f"{side} = {header[side]}")
        count *= int(header[side])
    return count


READERS.register(
    Reader(
        "envi",
        "An ENVI header with its data file beside it.",
        (".hdr",),
        scene=read_envi,
        bounds="complex numbers; headers above 256 kB or 20,000 lines; more than --limit",
    )
)
