"""The plainest planner: one number of bits and one pruning strength for every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcc_core.compression.planners import PLANNERS, Planner
from lcc_core.compression.uniform import UniformConfig, uniform_plan

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks


def plan(given: PlanningInput, config: UniformConfig, _hooks: Hooks) -> SearchResult:
    """Give every layer the same setting."""
    from lcc_core.compression.result import SearchResult

    made = uniform_plan(
        given.model, config.bits, config.k, given.quantizer, given.recalibrate,
        config.spare_depthwise,
    )  # fmt: skip
    return SearchResult(made)


PLANNERS.register(
    Planner(
        "uniform",
        "one number of bits and one pruning strength for every layer; nothing is searched",
        UniformConfig,
        plan,
        needs_labels=False,
    )
)
