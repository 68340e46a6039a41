"""Equal steps on fewer tiles, by counting batches one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.training import make_recipe
from lcc_core.training.batches import shuffled
from lcc_core.training.steps import steps, whole_epochs, with_equal_steps

SIZES = st.integers(2, 3000)


def counted(tiles: int, batch: int) -> int:
    return sum(1 for _ in shuffled(tiles, batch, np.random.default_rng(0)))


@given(SIZES, st.floats(0.01, 1), st.integers(1, 60), st.sampled_from([2, 16, 128]))
def test_as_many_steps_as_on_all_tiles(whole: int, share: float, epochs: int, batch: int) -> None:
    kept = max(2, round(share * whole))
    recipe = make_recipe("compact", epochs=epochs, batch=batch)
    longer = with_equal_steps(recipe, whole, kept)
    wanted, each = epochs * counted(whole, batch), counted(kept, batch)
    assert steps(longer.epochs, batch, kept) == longer.epochs * each
    assert abs(longer.epochs * each - wanted) <= each / 2 or longer.epochs == 1
    # The label under which the page finds them together again.
    assert whole_epochs(longer.epochs, batch, whole, kept) == epochs
    assert whole_epochs(epochs, batch, whole, whole) == epochs


def test_a_tenth_of_the_tiles_takes_ten_times_the_epochs() -> None:
    recipe = make_recipe("compact", epochs=22, batch=32)
    longer = with_equal_steps(recipe, 17_280, 1_728)
    assert (longer.epochs, longer.batch, longer.rate) == (220, 32, recipe.rate)
    assert steps(220, 32, 1_728) == steps(22, 32, 17_280) == 11_880
