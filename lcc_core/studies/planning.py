"""How a study's plans are made of the methods and quantizers that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcc_core.compression.plan import Plan
from lcc_core.compression.recalibration import TILES
from lcc_core.compression.search import PAPER, SearchSettings
from lcc_core.compression.search.settings import MARGINS as MARGIN_KINDS
from lcc_core.compression.search.settings import METHODS as SEARCHES
from lcc_core.compression.uniform import uniform_plan
from lcc_core.models import Classifier

QUANTIZERS: dict[str, dict[str, Any]] = {"own": {"recalibrate": TILES}, "papers": PAPER}

__all__ = ["MARGIN_KINDS", "QUANTIZERS", "SEARCHES", "fixed_plan", "search_settings"]


def search_settings(asked: Mapping[str, Any], plan: Mapping[str, Any]) -> SearchSettings:
    """The settings of a search.

    Args:
        asked: ``method``, ``t_margin``, ``margin`` and ``quantizer``.
        plan: settings that other axes change.
    """
    said = {name: asked[name] for name in ("method", "t_margin", "margin")}
    return SearchSettings(**{**said, **QUANTIZERS[asked["quantizer"]], **plan})


def fixed_plan(model: Classifier, asked: Mapping[str, Any]) -> Plan:
    """The plan of a measuring step.

    Args:
        model: what it is for.
        asked: ``bits``, ``k``, ``quantizer`` and, where other axes change something, ``plan``.
    """
    if asked["bits"] == 32 and not asked["k"]:
        return Plan({}, method="float")
    how = {**QUANTIZERS[asked["quantizer"]], **asked.get("plan", {})}
    return uniform_plan(model, asked["bits"], asked["k"], **how)
