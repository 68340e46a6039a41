"""How large a data set may be, judged before anything of it is unpacked or allocated."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from lcc_core.errors import DataError
from lcc_core.units import size

LARGEST_SET = 8 * 10**9  # bytes; the largest common sets of tiles take about 6 GB
ALWAYS = 256 * 10**6  # bytes that any source may become, however small it is
LARGEST_GROWTH = 200  # times; no photograph is compressed as much
MOST_FILES = 500_000  # files of a folder or members of an archive
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Limit:
    """Most ``bytes`` that a data set may take when unpacked; ``why``: where the number is from."""

    bytes: int
    why: str

    @classmethod
    def of(cls, asked: int | None, source: int) -> Limit:
        """Take what the user ``asked`` for, else the default for files of ``source`` bytes."""
        if asked is not None:
            return cls(asked, "as asked")
        grown = max(ALWAYS, LARGEST_GROWTH * source)
        if grown >= LARGEST_SET:
            return cls(LARGEST_SET, "by default")
        if grown > ALWAYS:
            return cls(grown, f"by default {LARGEST_GROWTH} times its files")
        return cls(grown, "by default, for files as small as these")

    def check(self, needed: int, what: str, instead: str = "If that is meant,") -> None:
        """Raise ``DataError`` where ``what`` needs more bytes than are allowed."""
        if needed > self.bytes:
            raise DataError(
                f"{what} would take {size(needed)}, and the limit is {size(self.bytes)} "
                f"({self.why}).",
                f"{instead} raise it: --limit {_rounded_up(needed)}.",
            )


def check_disk(needed: int, what: str, folder: Path) -> None:
    """Raise ``DataError`` where the disk of ``folder`` has not ``needed`` bytes free."""
    there = next(one for one in (folder, *folder.parents) if one.exists())  # it may be made later
    free = shutil.disk_usage(there).free
    if needed > free:
        raise DataError(
            f"{what} would take {size(needed)}, and the disk of {folder} has {size(free)} free.",
            "Free some disk space, or name another home folder with --home.",
        )


def _rounded_up(count: int) -> str:
    """Write a size that can be typed, and holds ``count`` bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if count >= factor:
            return f"{math.ceil(10 * count / factor) / 10:g}{unit}"
    return str(count)
