"""Which planner makes a plan, with which settings; and the call that makes it.

Torch is loaded only by the planner itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lcc_core.compression.plan import MANUAL
from lcc_core.compression.planners import PLANNERS, Planner
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.quantizers import DEFAULT, QUANTIZERS, quantizer_of
from lcc_core.compression.quantizers.symmetric import SYMMETRIC
from lcc_core.compression.result import SearchResult, Tried
from lcc_core.errors import LccError, require
from lcc_core.hooks import QUIET, Hooks
from lcc_core.reading import Shortened, is_kind
from lcc_core.settings import config_from, option_words

__all__ = ["PlanningInput", "SearchResult", "SearchSettings", "Tried", "search"]
USUAL = "laq"
MOST_TILES = 100_000


def _usual() -> Any:
    return PLANNERS[USUAL].config()


@dataclass(frozen=True)
class SearchSettings:
    """All that decides what a search finds, but for the model and the tiles.

    Args:
        method: the planner's name.
        config: the planner's settings.
        quantizer: a config of a registered quantizer.
        recalibrate: on how many training tiles the plan recalibrates; 0: it does not.
    """

    method: str = USUAL
    config: Any = field(default_factory=_usual)
    quantizer: Any = SYMMETRIC
    recalibrate: int = 0

    def __post_init__(self) -> None:
        fits = isinstance(self.config, self.planner.config)
        require(fits, "config", type(self.config).__name__, f"settings of {self.method}")
        whole = is_kind(self.recalibrate, int) and 0 <= self.recalibrate <= MOST_TILES
        require(whole, "recalibrate", Shortened(self.recalibrate), f"0…{MOST_TILES}")

    @classmethod
    def of(
        cls, method: str = USUAL, quantizer: Any = SYMMETRIC, recalibrate: int = 0, **settings: Any
    ) -> SearchSettings:
        """Those of a planner by name. Raises ``LccError`` for settings that it does not have."""
        config = config_from(PLANNERS[method].config, settings, f"planner {method}")
        return cls(method, config, quantizer, recalibrate)

    @property
    def planner(self) -> Planner:
        """The registered planner."""
        return PLANNERS[self.method]

    def words(self) -> list[str]:
        """The words of a command line that say the same."""
        scheme = quantizer_of(self.quantizer)
        words = ["--method", self.method, *option_words(self.config)]
        words += [] if scheme.name == DEFAULT else ["--quantizer", scheme.name]
        words += option_words(replace(self.quantizer, bits=scheme.config().bits))
        return words if self.recalibrate else [*words, "--no-recalibrate"]

    def to_json(self) -> dict[str, Any]:
        """What keys of stored searches and facts of plans hold."""
        scheme = quantizer_of(self.quantizer)
        how = scheme.written(self.quantizer)
        if scheme.name != DEFAULT:
            how = {"quantizer": {"name": scheme.name, **how}}
        content = {"method": self.method, "recalibrate": self.recalibrate}
        return content | self.planner.written(self.config) | how

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SearchSettings:
        """Raises ``LccError`` that names the key for what is no settings."""
        rest = dict(content)
        planner = PLANNERS[str(rest.pop("method", USUAL))]
        recalibrate = rest.pop("recalibrate", 0)
        how = rest.pop("quantizer", None)
        if how is None:
            names = [one.name for one in QUANTIZERS[DEFAULT].settings]
            how = {"name": DEFAULT} | {name: rest.pop(name) for name in names if name in rest}
        if not is_kind(how, dict) or "name" not in how:
            raise LccError(f"{Shortened(how)} is no quantizer.", "Write down its name.")
        scheme = QUANTIZERS[str(how["name"])]
        own = {name: value for name, value in how.items() if name != "name"}
        quantizer = config_from(scheme.config, own, f"quantizer {scheme.name}")
        return cls(planner.name, planner.read(rest), quantizer, recalibrate)


def search(settings: SearchSettings, given: PlanningInput, hooks: Hooks = QUIET) -> SearchResult:
    """Make a plan.

    Args:
        settings: the planner and its settings. Its quantizer and ``recalibrate`` take the place
            of those in ``given``.
        given: the model, and labelled tiles to choose on.
        hooks: progress and cancel.

    Returns:
        The plan and what it took. A stopped search returns the plan as far as it came.

    Raises:
        Cancelled: it was stopped before the first choice.
    """
    began = time.perf_counter()
    given = replace(given, quantizer=settings.quantizer, recalibrate=settings.recalibrate)
    found = settings.planner.plan(given, settings.config, hooks)
    # No times: facts travel in the packed file, whose size must not depend on them.
    told = {"tiles": found.tiles, "stopped": found.stopped}
    facts = settings.to_json() | dict(found.plan.facts) | told
    method = settings.method if found.plan.method == MANUAL else found.plan.method
    plan = replace(found.plan, method=method, facts=facts)
    return replace(found, plan=plan, seconds=time.perf_counter() - began)
