"""How many steps a training takes, and trainings of equal steps on fewer tiles."""

from __future__ import annotations

from dataclasses import replace

from lcc_core.training.batches import batch_count
from lcc_core.training.recipe import Recipe


def steps(epochs: int, batch: int, tiles: int) -> int:
    """Optimizer steps of ``epochs`` over ``tiles`` in batches of ``batch``."""
    return epochs * batch_count(tiles, batch)


def with_equal_steps(recipe: Recipe, whole: int, kept: int) -> Recipe:
    """The recipe for ``kept`` of ``whole`` tiles, with as many steps as it has on all of them.

    Epochs grow by the inverse of the fraction kept, to the nearest whole one; all else stays.
    """
    each = batch_count(kept, recipe.batch)
    if not each:
        return recipe  # training itself says that there are too few tiles
    wanted = steps(recipe.epochs, recipe.batch, whole)
    return replace(recipe, epochs=max(1, round(wanted / each)))


def whole_epochs(epochs: int, batch: int, whole: int, kept: int) -> int:
    """The epochs on all tiles that take as many steps as ``epochs`` on those kept."""
    return max(1, round(steps(epochs, batch, kept) / batch_count(whole, batch)))
