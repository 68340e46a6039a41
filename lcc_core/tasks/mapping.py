"""Classifying every pixel of a scene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace


@register
@dataclass(frozen=True, kw_only=True)
class MapTask(Task):
    """A checkpoint, compressed, on every pixel of its scene."""

    kind: ClassVar[str] = "map"
    summary: ClassVar[str] = "classify every pixel of a checkpoint's scene"

    checkpoint: str = setting(
        label="Checkpoint", help="An id, or the beginning of one.", metavar="CKPT", positional=True
    )
    out: str | None = setting(
        None, "File", "Class numbers: .csv, .npy or .png.", metavar="FILE"
    )

    def title(self) -> str:
        return f"Map of {self.checkpoint}"

    @property
    def then(self) -> str:
        return "The map is drawn: open **Maps**."
