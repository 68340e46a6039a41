"""An opened home: tiles, models and what is made of them, loaded once for all who use them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import FACTS, Checkpoint, find_checkpoint, read_checkpoint
from lcc_core.compression import Compressed, Plan, apply
from lcc_core.compression.recalibration import Calibration, calibration_for
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import Classifier

KEPT = 2  # of each kind: a data set may take most of a gigabyte once it was read
T = TypeVar("T")


class Workspace:
    """Tiles, splits, models, calibration tiles and compressed models of one home.

    Everything is kept by content, the ones used last. Threads may share it: what two ask for at
    once is made once, and what it returns is for reading only.
    """

    def __init__(self, home: Home, given: Iterable[TileSet] = (), kept: int = KEPT) -> None:
        """Open a home.

        Args:
            home: what is loaded lies there.
            given: tiles that are at hand and need not be stored.
            kept: how many of each kind are kept.
        """
        self.home = home
        self._given = {tiles.name: tiles for tiles in given}
        self._kept = kept
        self._caches: dict[str, _Recent] = {}
        self._lock = threading.Lock()

    def tiles(self, name: str, hooks: Hooks = QUIET) -> TileSet:
        """The data set of that name. Raises ``DataError`` where it is not here."""
        if name in self._given:
            return self._given[name]
        folder = self.home.tiles / name
        stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
        return self._keep("tiles", (name, stamp), lambda: load_tiles(name, self.home, hooks))

    def checkpoint(self, identity: str) -> Checkpoint:
        """The stored checkpoint of that id, or of an id that begins so.

        Raises:
            CheckpointError: there is none, or there are several.
        """
        path = self.home.checkpoints / identity
        facts = path / FACTS
        if not facts.is_file():
            return find_checkpoint(self.home, identity)
        key = (identity, facts.stat().st_mtime_ns)
        return self._keep("checkpoint", key, lambda: read_checkpoint(path))

    def model(self, checkpoint: Checkpoint) -> Classifier:
        """The float model."""
        return self._keep("model", (checkpoint.id, checkpoint.created), checkpoint.model)

    def split(self, checkpoint: Checkpoint) -> Split:
        key = (checkpoint.id, checkpoint.created)
        tiles = self.tiles(checkpoint.data)
        return self._keep("split", key, lambda: checkpoint_split(checkpoint, tiles))

    def calibration(self, checkpoint: Checkpoint, plan: Plan) -> Calibration | None:
        """The training tiles that ``plan`` recalibrates on; ``None`` if it does not.

        Kept, because the float model's mean outputs on them are.
        """
        if not plan.recalibrate or plan.is_float:
            return None
        key = (checkpoint.id, checkpoint.created, plan.recalibrate)
        tiles, split = self.tiles(checkpoint.data), self.split(checkpoint)
        return self._keep("calibration", key, lambda: calibration_for(plan, tiles, split))

    def compressed(self, checkpoint: Checkpoint, plan: Plan, hooks: Hooks = QUIET) -> Compressed:
        """The model with ``plan`` applied. Raises ``Cancelled`` once ``hooks`` say so."""
        model, calibration = self.model(checkpoint), self.calibration(checkpoint, plan)
        key = (checkpoint.id, checkpoint.created, plan.id)
        found = self._keep("compressed", key, lambda: apply(model, plan, calibration, hooks))
        if checkpoint.from_packed:  # which zeros a mask made and which rounding is not known
            found = replace(found, pruned=None)
        # Plans that do the same share a model; each keeps what it tells of itself.
        return found if found.plan == plan else replace(found, plan=plan)

    def _keep(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            recent = self._caches.setdefault(kind, _Recent(self._kept))
        return recent.get(key, make)


class _Recent:
    """The values used last; each is made by one thread while others wait for it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            try:
                value = make()
                with self._lock:
                    self._values[key] = value
                    while len(self._values) > self._most:
                        self._values.popitem(last=False)
                return value
            finally:
                with self._lock:
                    self._making.pop(key, None)
