"""Which checkpoint came from which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def pruned_from(source: Checkpoint, every: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Those that were pruned, in one step or more, from ``source``; in the order given."""
    known = {one.id: one for one in every}
    found = []
    for one in known.values():
        line = ancestry(one, known)
        after = line[line.index(source) + 1 :] if source in line else []
        if any(step.recipe["start"].get("cut") or step.recipe["start"].get("k") for step in after):
            found.append(one)
    return found


def attended(source: Checkpoint, every: Iterable[Checkpoint]) -> Checkpoint | None:
    """``source`` if it was trained with attention, else the first that was, from its weights."""
    if source.recipe.get("attention"):
        return source
    for one in every:
        start = one.recipe.get("start") or {}
        plain = not start.get("cut") and not start.get("k")
        if one.recipe.get("attention") and start.get("checkpoint") == source.id and plain:
            return one
    return None
