"""The answers that a study's models gave to every test tile."""

from __future__ import annotations

from collections.abc import Iterable

from lcc_core.errors import LccError
from lcc_core.results.flattery import Answered
from lcc_core.results.predicted import cached_predictions
from lcc_core.studies.status import PointRow
from lcc_core.workspace import Workspace


def answered(workspace: Workspace, rows: Iterable[PointRow]) -> list[Answered]:
    """The measured points whose answers are stored; others are left out.

    Args:
        workspace: the home in which the study ran.
        rows: its points.
    """
    found = []
    for one in rows:
        if one.row is None:
            continue
        measured = one.row.measurement
        try:
            checkpoint = workspace.checkpoint(measured.checkpoint)
        except LccError:  # it is gone: nothing can be said of its answers
            continue
        seen = cached_predictions(workspace.home, checkpoint, one.row.plan)
        if seen is None:
            continue
        point = one.point
        found.append(
            Answered(
                point.model, point.how, point["split"], point["seed"], measured, seen,
                workspace.tiles(point.data).labels[seen.ids],
            )
        )  # fmt: skip
    return found
