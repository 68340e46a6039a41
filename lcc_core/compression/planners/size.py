"""Each layer takes the fewest bytes it may, over bits, pruning and the quantizer's settings.

A bit is no measure of bytes once codes are entropy coded: a coarse single scale leaves many zeros,
which cost little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcc_core.compression.greedy.config import ALWAYS, GreedyConfig
from lcc_core.compression.planners import PLANNERS, Planner

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


def plan(given: PlanningInput, config: GreedyConfig, hooks: Hooks) -> SearchResult:
    from lcc_core.compression.greedy.candidates import smaller
    from lcc_core.compression.greedy.search import greedy_search

    return greedy_search(given, config, (smaller,), hooks)


PLANNERS.register(
    Planner(
        "size",
        "the fewest bytes that each layer may have, over bits, pruning and scales at once",
        GreedyConfig,
        plan,
        always=ALWAYS,
    )
)
