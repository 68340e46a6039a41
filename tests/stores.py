"""Every kind of thing that a home stores, its list, and a place for another one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lcc_core import jobs
from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.coresets.coreset import list_coresets
from lcc_core.data.stored import stored
from lcc_core.files import Home
from lcc_core.results.table import own_rows
from lcc_core.studies.folder import studies


def job(home: Home) -> Path:
    folder = home.jobs / "20260101-000000-000000-ended"
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"title": "t", "argv": ["train"], "created": "2026-01-01T00:00:00+00:00", "pid": 1}
    path = folder / jobs.FACTS
    path.write_text(json.dumps(facts | {"process_started": "ended"}))
    for name in (jobs.PROGRESS, jobs.RESULT):
        (folder / name).write_text("")
    return path


def first(home: Home, pattern: str) -> Path:
    return sorted(home.root.glob(pattern))[0]


# Kind → a stored one's file, and the list it is in.
STORES: dict[str, tuple[Callable[[Home], Path], Callable[[Home], Any]]] = {
    "row": (lambda home: first(home, "results/*.json"), own_rows),
    "checkpoint": (lambda home: first(home, "checkpoints/*/checkpoint.json"), list_checkpoints),
    "data set": (lambda home: first(home, "tiles/*/meta.json"), stored),
    "coreset": (lambda home: first(home, "coresets/*.json"), list_coresets),
    "study": (lambda home: first(home, "studies/*/study.toml"), studies),
    "job": (job, jobs.jobs),
}
COMMANDS = (
    ("results",), ("checkpoints",), ("data", "list"), ("coresets",), ("study", "status"), ("jobs",),
    ("cache", "info"),
)  # fmt: skip
LISTS = dict(zip(STORES, COMMANDS, strict=False))


def beside(path: Path, kind: str) -> Path:
    """Where another one of the kind would lie."""
    if kind in ("row", "coreset"):
        return path.with_name("odd.json")
    shutil.copytree(path.parent, path.parent.with_name("odd"))
    return path.parent.with_name("odd") / path.name
