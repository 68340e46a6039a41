"""What ships with the project: measured rows, and packed checkpoints of the best of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lcc_core.checkpoints.packed import read_header
from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.errors import LccError
from lcc_core.files import Home, write_bytes
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.measure.measurement import Measurement
from lcc_core.results.choice import accuracy, basis, by_test_set, eligible, on_front
from lcc_core.results.measured import packed_content
from lcc_core.results.packedfile import measure_file
from lcc_core.results.table import ResultRow, own_rows, shipped_folder, write_shipped
from lcc_core.workspace import Workspace

USELESS = 0.05  # of the accuracy lost against the best of the architecture
TOLERANCE = 0.001  # of the accuracy: processors round differently


def packed_path(row: ResultRow) -> Path:
    one = row.measurement
    return shipped_folder() / "models" / f"{row.arch}-{one.checkpoint}-{one.plan}.lcc"


def packed_file(row: ResultRow) -> Path | None:
    """The shipped file that this row was measured on, if there is one."""
    path = packed_path(row)
    fits = path.is_file() and row.measurement.is_of(path.read_bytes())
    return path if fits else None


def ship(home: Home, data: str, most_bytes: int) -> list[Path]:
    """Write the test rows of ``data``, and pack each architecture's front, smallest files first,
    until ``most_bytes`` are used up. Returns the packed files."""
    rows = [
        row
        for row in own_rows(home)
        if row.measurement.data == data and row.measurement.part == "test"
    ]
    if not rows:
        raise LccError(f"Nothing was measured on {data!r} yet.", "Measure something first.")
    workspace, written, used = Workspace(home), [], 0
    here = {checkpoint.id for checkpoint in list_checkpoints(home)}
    packable = [row for row in rows if row.measurement.checkpoint in here]
    final = {row.id: row for row in rows}
    for row in sorted(_fronts(packable), key=lambda row: row.measurement.bytes):
        if used + row.measurement.bytes > most_bytes:
            break
        content, measured = _packed(workspace, row)
        final[row.id] = replace(row, measurement=measured)
        path = packed_path(row)
        write_bytes(path, content)
        written.append(path)
        used += len(content)
    write_shipped(shipped_folder() / f"{data}.jsonl", final.values())
    for path in (shipped_folder() / "models").glob("*.lcc"):
        if path not in written:
            path.unlink()
    return written


def _packed(workspace: Workspace, row: ResultRow) -> tuple[bytes, Measurement]:
    one = row.measurement
    checkpoint = workspace.checkpoint(one.checkpoint)
    return packed_content(workspace, checkpoint, row.plan, one.part, one.precision)


def _fronts(rows: list[ResultRow]) -> Iterator[ResultRow]:
    """What no other quantized model of its architecture, measured on the same test tiles, beats,
    if it is of any use; nothing whose settings were chosen on test tiles."""
    for group in by_test_set(eligible(rows)):
        for arch in sorted({row.arch for row in group}):
            same = [row for row in group if row.arch == arch]
            by = basis(same)
            least = max(accuracy(row, by) for row in same) - USELESS
            own = [r for r in same if not r.plan.is_float and accuracy(r, by) >= least]
            keep = on_front(own)
            yield from (row for row in own if row.id in keep)


@dataclass(frozen=True)
class Verified:
    """A shipped file measured again: test accuracy then and now, and on how many tiles."""

    name: str
    shipped: float
    measured: float
    tiles: int

    @property
    def holds(self) -> bool:
        return abs(self.shipped - self.measured) <= TOLERANCE


def verify(
    home: Home,
    hooks: Hooks = QUIET,
) -> list[Verified]:
    """Measure every shipped file on the user's own tiles. ``LccError`` where none ships."""
    paths = sorted((shipped_folder() / "models").glob("*.lcc"))
    if not paths:
        raise LccError("No packed model ships with this copy.", "Get the whole repository.")
    found = []
    for place, path in enumerate(paths):
        hooks.progress(Progress("verify", place, len(paths), path.stem))
        known = read_header(path)["measurement"]
        row = measure_file(path, home, hooks=hooks.silent)
        found.append(Verified(path.stem, known["oa"], row.oa, row.tiles))
    return found
