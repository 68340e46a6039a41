"""What tasks tell of a checkpoint that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.checkpoints.store import Checkpoint


def summary(checkpoint: Checkpoint) -> dict[str, Any]:
    """The facts of a checkpoint that fit in a list."""
    return {
        "id": checkpoint.id,
        "arch": checkpoint.arch,
        "data": checkpoint.data,
        "synthetic": checkpoint.synthetic,
        "split": checkpoint.split,
        "epochs": len(checkpoint.log),
        "preset": checkpoint.recipe.get("preset"),
        "how": checkpoint.how.strip(" ()"),
        "made": checkpoint.made,
        "accuracy": checkpoint.accuracy,
        "bytes": checkpoint.bytes,
        "seconds": checkpoint.seconds,
        "created": checkpoint.created,
        "path": str(checkpoint.path),
    }
