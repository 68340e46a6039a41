"""What Pillow does not judge in a TIFF file: the tiles that it is decoded by.

A file of 4 kB can name tiles of 40,000 × 40,000 pixels for an image of 16 × 16, and libtiff then
fills 1.6 GB. The numbers are read here as they stand in the file, since libtiff understands types
of numbers that Pillow passes over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

TILE_TAGS = (322, 323)  # width and length
SHORT, LONG = 3, 4


def tile_sides(content: bytes) -> list[int]:
    """Read the sides of tiles that the first image of a TIFF file names, in pixels; often none.

    Raises ``ValueError`` where they are written in a way that no program writes them.
    """
    found = []
    for tag, kind, count, value, order in _entries(content):
        if tag not in TILE_TAGS:
            continue
        if kind not in (SHORT, LONG) or count != 1:
            raise ValueError("the size of its tiles is no plain number")
        found.append(struct.unpack_from(order + ("H" if kind == SHORT else "I"), value)[0])
    return found


def _entries(content: bytes) -> Iterator[tuple[int, int, int, bytes, str]]:
    """Yield tag, type, count, value field and byte order of each entry of the first directory."""
    order = "<" if content[:2] == b"II" else ">"
    try:
        large = struct.unpack_from(order + "H", content, 2)[0] == 43
        start = struct.unpack_from(order + ("Q" if large else "I"), content, 8 if large else 4)[0]
        number = struct.unpack_from(order + ("Q" if large else "H"), content, start)[0]
        start += 8 if large else 2
        entry = struct.Struct(order + ("HHQ8s" if large else "HHI4s"))
        for place in range(start, start + number * entry.size, entry.size):
            yield *entry.unpack_from(content, place), order
    except (struct.error, OverflowError) as error:
        raise ValueError("its directory is cut off") from error
