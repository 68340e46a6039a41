"""A tiny study, and what of its results must be the same however it was run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tiny import make_tiles

from lcc_core.data.stored import About, store
from lcc_core.files import Home
from lcc_core.studies import folder
from lcc_core.studies.spec import Study
from lcc_core.studies.status import rows

STUDY = Study(
    ("tiny",), name="small", bits=(32, 8, 4), k=(0.0, 0.5), recipe={"epochs": 1, "batch": 16}
)
WIDE = replace(
    STUDY,
    name="wide",
    fractions=(1.0, 0.5),
    coresets=("random",),
    methods=("fixed", "laq"),
    bits=(8,),
)


def fill(home: Home) -> Home:
    """The tiny tiles, stored."""
    tiles = make_tiles()

    def write(array: Any) -> None:
        array[:] = tiles.images

    about = About("tiny", tiles.class_names, source="drawn")
    store(home, about, tiles.images.shape, tiles.labels, write)
    return home


def figures(home: Home, study: Study = STUDY) -> dict[str, Any]:
    """By point: all that was measured but times and dates."""
    found = {}
    for row in rows(home, folder.find(home, study.id)):
        assert row.row is not None, row.error
        one = row.row.measurement.to_json()
        for name in ("latency_ms", "measured", "recalibration_s"):
            del one[name]
        found[row.id] = one | {"settings": row.row.settings["layers"]}
    return found
