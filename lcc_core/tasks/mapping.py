"""Classifying every pixel of a scene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.compression.plan import Plan
    from lcc_core.models import Classifier
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
    bits: int | None = setting(
        None, "Bits per weight", "1…8 (1 and pruned: ternary) or 32 (default 8).", metavar="B"
    )
    k: float | None = setting(
        None, "Pruning strength k", "Prune below K·σ (default 0).", metavar="K"
    )
    granularity: str | None = setting(
        None, "Granularity", "Default channel.", metavar="tensor|channel"
    )
    scale: str | None = setting(None, "Scale", "Default lse.", metavar="absmax|lse")
    recalibrate: bool | None = setting(None, "Recalibrate", "Default: yes.")
    spare_depthwise: bool | None = setting(
        None, "Spare depthwise layers",
        "8 bits or more for depthwise layers, no pruning; default: yes, per channel.",
    )  # fmt: skip
    paper: bool = setting(
        False, "The papers' quantizer", "One scale a tensor, the largest weight's, as it is."
    )
    plan: str | None = setting(
        None, "Plan", "A saved plan in place of these settings.", metavar="FILE"
    )
    out: str | None = setting(None, "File", "Class numbers: .csv, .npy or .png.", metavar="FILE")

    def title(self) -> str:
        return f"Map of {self.checkpoint}"

    @property
    def then(self) -> str:
        return "The map is drawn: open **Maps**."

    def planned(self, model: Classifier) -> Plan:
        """The plan that is asked for; 8 bits where nothing is."""
        from lcc_core.compression.plan import Plan
        from lcc_core.compression.recalibration import TILES
        from lcc_core.compression.search import PAPER
        from lcc_core.compression.uniform import uniform_plan
        from lcc_core.reading import read_text

        names = ("bits", "k", "granularity", "scale", "spare_depthwise")
        asked = {name: getattr(self, name) for name in names}
        if self.recalibrate is not None:
            asked["recalibrate"] = TILES if self.recalibrate else 0
        asked = {name: value for name, value in asked.items() if value is not None}
        if self.paper:
            asked = PAPER | asked
        if not self.plan:
            return uniform_plan(model, **{"bits": 8, "recalibrate": TILES} | asked)
        if asked:
            option = "paper" if self.paper else next(iter(asked)).replace("_", "-")
            raise LccError(f"--plan and --{option} do not go together.", "Leave one out.")
        return Plan.from_json(read_text(Path(self.plan).expanduser()))

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.studies.scene_map import as_scene, mapped
        from lcc_core.studies.scene_picture import map_kind, write_map

        out = Path(self.out).expanduser() if self.out else None
        if out:
            map_kind(out)
        checkpoint = workspace.checkpoint(self.checkpoint)
        scene = as_scene(workspace.tiles(checkpoint.data, hooks))
        split = workspace.split(checkpoint)
        plan = self.planned(workspace.model(checkpoint))
        found = mapped(workspace, checkpoint, plan, hooks)
        if out:
            write_map(out, found.classes, scene.class_names)
        rows, columns = scene.positions[split.test].T
        right = found.classes[rows, columns] == scene.labels[split.test]
        return {
            "checkpoint": checkpoint.id,
            "plan": plan.id,
            "pixels": found.classes.size,
            "seconds": found.seconds,
            "pixels_per_s": found.pixels_per_s,
            "oa": float(right.mean()),
            "tested": len(split.test),
            "out": str(out) if out else None,
        }
