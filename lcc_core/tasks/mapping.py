"""Classifying every pixel of a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lcc_core.compression.plan import TILES, Plan
from lcc_core.compression.presets import quantizer_from, quantizer_json, quantizer_words
from lcc_core.compression.quantizers.symmetric import SYMMETRIC
from lcc_core.compression.search import MOST_TILES
from lcc_core.compression.uniform import UniformConfig, uniform_plan
from lcc_core.engine import COMPRESSED, versions
from lcc_core.errors import require
from lcc_core.hooks import Hooks
from lcc_core.reading import Shortened, is_kind, read_text
from lcc_core.settings import config_from, setting
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.models import Classifier
    from lcc_core.workspace import Workspace


@register
@dataclass(frozen=True, kw_only=True)
class MapTask(Task, UniformConfig):
    """A checkpoint, compressed by one setting for all layers, on every pixel of its scene.

    ``quantizer``: a config of a registered quantizer. ``recalibrate``: on how many training tiles;
    0: not at all.
    """

    kind: ClassVar[str] = "map"
    summary: ClassVar[str] = "classify every pixel of a checkpoint's scene"

    checkpoint: str = setting(
        label="Checkpoint", help="An id, or the beginning of one.", metavar="CKPT", positional=True
    )
    quantizer: Any = SYMMETRIC
    recalibrate: int = TILES
    plan: str | None = setting(
        None, "Plan", "A saved plan in place of these settings.", metavar="FILE"
    )
    out: str | None = setting(None, "File", "Class numbers: .csv, .npy or .png.", metavar="FILE")

    def __post_init__(self) -> None:
        super().__post_init__()
        whole = is_kind(self.recalibrate, int) and 0 <= self.recalibrate <= MOST_TILES
        require(whole, "recalibrate", Shortened(self.recalibrate), f"0…{MOST_TILES}")

    def title(self) -> str:
        return f"Map of {self.checkpoint}"

    @property
    def then(self) -> str:
        return "The map is drawn: open **Maps**."

    def engine(self) -> dict[str, int]:
        return versions("map", *COMPRESSED)

    def to_json(self) -> dict[str, Any]:
        content = super().to_json()
        how = {"quantizer": quantizer_json(self.quantizer), "recalibrate": self.recalibrate}
        content["settings"] |= how
        return content

    @classmethod
    def from_settings(cls, table: Mapping[str, Any]) -> Self:
        rest = dict(table)
        quantizer = quantizer_from(rest.pop("quantizer", quantizer_json(SYMMETRIC)))
        recalibrate = rest.pop("recalibrate", TILES)
        what = f"The task {cls.kind!r}"
        return config_from(cls, rest, what, quantizer=quantizer, recalibrate=recalibrate)

    def other_words(self) -> list[str]:
        return quantizer_words(self.quantizer, self.recalibrate)

    def planned(self, model: Classifier) -> Plan:
        """The plan that is asked for; 8 bits where nothing is."""
        if self.plan:
            return Plan.from_json(read_text(Path(self.plan).expanduser()))
        how = (self.quantizer, self.recalibrate, self.spare_depthwise)
        return uniform_plan(model, self.bits, self.k, *how)

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.reports.maps import map_kind, write_map
        from lcc_core.results.scene_map import as_scene, mapped

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
