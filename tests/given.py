"""A workspace that gives out a compressed model, a split or both that a test has at hand."""

from __future__ import annotations

from dataclasses import replace

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Compressed, Plan
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.workspace import Workspace


class Given(Workspace):
    def __init__(
        self,
        home: Home,
        tiles: TileSet,
        compressed: Compressed | None = None,
        split: Split | None = None,
    ) -> None:
        super().__init__(home, [tiles])
        self._compressed, self._split = compressed, split

    def compressed(self, checkpoint: Checkpoint, plan: Plan, hooks: Hooks = QUIET) -> Compressed:
        if self._compressed is None:
            return super().compressed(checkpoint, plan, hooks)
        return replace(self._compressed, plan=plan)

    def split(self, checkpoint: Checkpoint) -> Split:
        return self._split or super().split(checkpoint)
