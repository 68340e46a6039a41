"""Adaptive pruning (LAP): each layer takes the strongest pruning it may [shinde2025]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcc_core.compression.greedy.config import ALWAYS, GreedyConfig
from lcc_core.compression.planners import PLANNERS, Planner

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


def plan(given: PlanningInput, config: GreedyConfig, hooks: Hooks) -> SearchResult:
    """Search pruning strengths layer by layer; weights stay floats."""
    from lcc_core.compression.greedy.candidates import stronger_pruning
    from lcc_core.compression.greedy.search import greedy_search

    return greedy_search(given, config, (stronger_pruning,), hooks, start_bits=32)


PLANNERS.register(
    Planner(
        "lap",
        "the strongest pruning that each layer may have, layer by layer; its weights stay floats",
        GreedyConfig,
        plan,
        only_prunes=True,
        always=ALWAYS,
    )
)
