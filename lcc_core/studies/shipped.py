"""Packed checkpoints of the best results, shipped with the project so that they can be taken."""

from __future__ import annotations

from pathlib import Path

from lcc_core.studies.table import SHIPPED, ResultRow


def packed_path(row: ResultRow, folder: Path = SHIPPED) -> Path:
    one = row.measurement
    return folder / "models" / f"{row.arch}-{one.checkpoint}-{one.plan}.lcc"


def packed_file(row: ResultRow, folder: Path = SHIPPED) -> Path | None:
    """The shipped file of this model and plan, if there is one."""
    path = packed_path(row, folder)
    return path if path.is_file() else None
