"""Which checkpoint came from which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lcc_core.checkpoints.store import Checkpoint


def parent(checkpoint: Checkpoint) -> str | None:
    """Id of the checkpoint whose weights it started from."""
    return (checkpoint.recipe.get("start") or {}).get("checkpoint")


def ancestry(checkpoint: Checkpoint, known: Mapping[str, Checkpoint]) -> list[Checkpoint]:
    """The checkpoint and all it came from, oldest first, as far as they are still there."""
    line = [checkpoint]
    while (before := known.get(parent(line[0]) or "")) and before not in line:
        line.insert(0, before)
    return line


@dataclass(frozen=True)
class Epochs:
    """How long a pruned model was trained: ``plain`` and ``gated`` (with attention) before the
    first weight went, ``tuning`` after it. ``whole``: nothing older is missing."""

    plain: int
    gated: int
    tuning: int
    whole: bool

    @property
    def source(self) -> int:
        """All before anything was pruned: what a comparison of criteria must hold equal."""
        return self.plain + self.gated

    @property
    def text(self) -> str:
        gates = f" ({self.gated} of them with attention)" if self.gated else ""
        least = "" if self.whole else "at least "
        return f"{least}{self.source} epochs before{gates}, {self.tuning} after"


def epochs(checkpoint: Checkpoint, known: Mapping[str, Checkpoint]) -> Epochs:
    """How long ``checkpoint`` and all it came from were trained."""
    line = ancestry(checkpoint, known)
    plain = gated = tuning = 0
    pruned = False
    for one in line:
        pruned = pruned or removes(one)
        count = len(one.log)
        if pruned:
            tuning += count
        elif one.recipe.get("attention"):
            gated += count
        else:
            plain += count
    return Epochs(plain, gated, tuning, parent(line[0]) is None and not line[0].imported)


def removes(checkpoint: Checkpoint) -> bool:
    """Whether its training began by removing channels or weights."""
    start = checkpoint.recipe.get("start") or {}
    return bool(start.get("cut") or start.get("k"))


def pruned_from(source: Checkpoint, every: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Those that were pruned, in one step or more, from ``source``; in the order given."""
    known = {one.id: one for one in every}
    found = []
    for one in known.values():
        line = ancestry(one, known)
        after = line[line.index(source) + 1 :] if source in line else []
        if any(removes(step) for step in after):
            found.append(one)
    return found


def attended(source: Checkpoint, every: Iterable[Checkpoint]) -> Checkpoint | None:
    """``source`` if it was trained with attention, else the first that was, from its weights."""
    if source.recipe.get("attention"):
        return source
    for one in every:
        if one.recipe.get("attention") and parent(one) == source.id and not removes(one):
            return one
    return None
