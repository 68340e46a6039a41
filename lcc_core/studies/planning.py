"""How a study's plans are made of the planners and quantizers that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.presets import Preset, preset
from lcc_core.compression.search import SearchSettings
from lcc_core.settings import settings_of

if TYPE_CHECKING:
    from lcc_core.compression.plan import Plan
    from lcc_core.models import Classifier


def searches() -> tuple[str, ...]:
    """The planners that choose on labelled tiles: what a study calls searches."""
    return tuple(one.name for one in PLANNERS if one.needs_labels)


def has_setting(planner: str, name: str) -> bool:
    """Whether a planner has a setting of that name."""
    return any(one.name == name for one in settings_of(PLANNERS[planner].config))


def search_settings(asked: Mapping[str, Any], plan: Mapping[str, Any]) -> SearchSettings:
    """The settings of a search.

    Args:
        asked: ``method`` and ``quantizer``, ``t_margin`` and ``margin`` where the planner has them.
        plan: settings of the quantizer, or of the planner, that other axes change.
    """
    how, of_planner = _how(asked["quantizer"], plan)
    own = {name: asked[name] for name in ("t_margin", "margin") if asked.get(name) is not None}
    return SearchSettings.of(asked["method"], **how, **{**own, **of_planner})


def fixed_plan(model: Classifier, asked: Mapping[str, Any]) -> Plan:
    """The plan of a measuring step.

    Args:
        model: what it is for.
        asked: ``bits``, ``k``, ``quantizer`` and, where other axes change something, ``plan``.
    """
    from lcc_core.compression.plan import Plan
    from lcc_core.compression.uniform import uniform_plan

    if asked["bits"] == 32 and not asked["k"]:
        return Plan({}, method="float")
    how, more = _how(asked["quantizer"], asked.get("plan", {}))
    return uniform_plan(model, asked["bits"], asked["k"], **how, **more)


def _how(quantizer: str, plan: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Quantizer and recalibration, with what ``plan`` changes of them; and the rest of it."""
    found: Preset = preset(quantizer)
    names = {one.name for one in settings_of(type(found.quantizer))}
    changes = {name: value for name, value in plan.items() if name in names}
    rest = {name: value for name, value in plan.items() if name not in names}
    recalibrate = rest.pop("recalibrate", found.recalibrate)
    if changes:
        found = replace(found, quantizer=found.with_settings(changes))
    return found.how | {"recalibrate": recalibrate}, rest
