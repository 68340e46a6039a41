"""Adaptive bit-width (LAQ): each layer takes the fewest bits it may [shinde2025]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcc_core.compression.greedy.config import ALWAYS, GreedyConfig
from lcc_core.compression.planners import PLANNERS, Planner

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


def plan(given: PlanningInput, config: GreedyConfig, hooks: Hooks) -> SearchResult:
    """Search bits layer by layer."""
    from lcc_core.compression.greedy.candidates import fewer_bits
    from lcc_core.compression.greedy.search import greedy_search

    return greedy_search(given, config, (fewer_bits,), hooks)


PLANNERS.register(
    Planner(
        "laq",
        "the fewest bits that each layer may have, layer by layer",
        GreedyConfig,
        plan,
        always=ALWAYS,
    )
)
