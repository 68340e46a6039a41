"""Each layer takes the fewest bytes it may, over bits, pruning and the quantizer's settings.

A bit is no measure of bytes once codes are entropy coded: a coarse single scale leaves many zeros,
which cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lcc_core.compression.greedy.config import ALWAYS, MARGIN_HELP, MARGINS, GreedyConfig
from lcc_core.compression.planners import PLANNERS, Planner
from lcc_core.settings import setting

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


@dataclass(frozen=True)
class SizeConfig(GreedyConfig):
    """As for bits, but that the margin is shared: bytes differ more from layer to layer."""

    margin: str = setting("shared", "Margin", MARGIN_HELP, choices=MARGINS, metavar="M")


def plan(given: PlanningInput, config: SizeConfig, hooks: Hooks) -> SearchResult:
    """Search the ladder of coded sizes layer by layer."""
    from lcc_core.compression.greedy.candidates import smaller
    from lcc_core.compression.greedy.search import greedy_search

    return greedy_search(given, config, (smaller,), hooks)


PLANNERS.register(
    Planner(
        "size",
        "the fewest bytes that each layer may have, over bits, pruning and scales at once; its "
        "margin is shared unless another is asked for",
        SizeConfig,
        plan,
        always=ALWAYS,
    )
)
