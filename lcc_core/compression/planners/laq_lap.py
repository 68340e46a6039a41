"""LAQ and LAP together: first the fewest bits of a layer, then its strongest pruning at these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcc_core.compression.greedy.config import ALWAYS, GreedyConfig
from lcc_core.compression.planners import PLANNERS, Planner

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


def plan(given: PlanningInput, config: GreedyConfig, hooks: Hooks) -> SearchResult:
    """Search bits, then pruning, layer by layer."""
    from lcc_core.compression.greedy.candidates import fewer_bits, stronger_pruning
    from lcc_core.compression.greedy.search import greedy_search

    return greedy_search(given, config, (fewer_bits, stronger_pruning), hooks)


PLANNERS.register(
    Planner(
        "laq+lap",
        "the fewest bits of each layer, then its strongest pruning at these",
        GreedyConfig,
        plan,
        always=ALWAYS,
    )
)
