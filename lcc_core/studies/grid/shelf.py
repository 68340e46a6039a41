"""What a worker keeps between steps, so that points of one model do not load it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from lcc_core.checkpoints.store import Checkpoint, read_checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.recalibration import Calibration
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.models import Classifier
from lcc_core.studies.measured import calibration_for, checkpoint_split

KEPT = 2  # of each kind: a data set may take most of a gigabyte once it was read


class Shelf:
    """Tiles, models, splits and calibration tiles of one home, the ones used last."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._kept: dict[str, OrderedDict[Any, Any]] = {}

    def tiles(self, name: str) -> TileSet:
        folder = self.home.tiles / name
        stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
        return self._keep("tiles", (name, stamp), lambda: load_tiles(name, self.home))

    def checkpoint(self, identity: str) -> Checkpoint:
        path = self.home.checkpoints / identity
        stamp = (path / "checkpoint.json").stat().st_mtime_ns
        return self._keep("checkpoint", (identity, stamp), lambda: read_checkpoint(path))

    def model(self, checkpoint: Checkpoint) -> Classifier:
        """The float model; never to be changed."""
        return self._keep("model", (checkpoint.id, checkpoint.created), checkpoint.model)

    def split(self, checkpoint: Checkpoint) -> Split:
        key = (checkpoint.id, checkpoint.created)
        tiles = self.tiles(checkpoint.data)
        return self._keep("split", key, lambda: checkpoint_split(checkpoint, tiles))

    def calibration(self, checkpoint: Checkpoint, plan: Plan) -> Calibration | None:
        if not plan.recalibrate or plan.is_float:
            return None
        key = (checkpoint.id, checkpoint.created, plan.recalibrate)
        tiles, split = self.tiles(checkpoint.data), self.split(checkpoint)
        return self._keep("calibration", key, lambda: calibration_for(plan, tiles, split))

    def _keep(self, kind: str, key: Any, make: Callable[[], Any]) -> Any:
        kept = self._kept.setdefault(kind, OrderedDict())
        if key not in kept:
            while len(kept) >= KEPT:
                kept.popitem(last=False)
            kept[key] = make()
        kept.move_to_end(key)
        return kept[key]
