"""Planners: what chooses the settings of every layer. One file each; nothing here loads torch.

A planner that is added is a module of this package that registers a :class:`Planner`. Commands,
pages and studies list what is registered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lcc_core.registry import Registry
from lcc_core.settings import changed_settings, config_from, settings_of

if TYPE_CHECKING:
    from lcc_core.compression.planning import PlanningInput
    from lcc_core.compression.result import SearchResult
    from lcc_core.hooks import Hooks

Plans = Callable[["PlanningInput", Any, "Hooks"], "SearchResult"]


@dataclass(frozen=True)
class Planner:
    """A way to plan, as it is registered.

    Args:
        name: as commands, pages and studies call it.
        summary: one sentence for someone who does not know it.
        config: frozen dataclass of its settings.
        plan: (input, config, hooks) → result. It may walk over the layers or do anything else; a
            stopped one returns how far it came, with ``stopped`` set.
        needs_labels: it chooses on labelled tiles; without, it is given none.
        only_prunes: its plans leave the weights floats.
        always: settings that keys of stored searches hold even at their defaults.
    """

    name: str
    summary: str
    config: type
    plan: Plans
    needs_labels: bool = True
    only_prunes: bool = False
    always: tuple[str, ...] = ()

    def written(self, config: Any) -> dict[str, Any]:
        """What keys and plans hold of a config: what differs from the defaults."""
        found = {name: getattr(config, name) for name in self.always} | changed_settings(config)
        kinds = {one.name: one.kind for one in settings_of(self.config) if not one.many}
        # 4 and 4.0 are one setting, and have one id.
        return {n: float(v) if kinds.get(n) is float else v for n, v in found.items()}

    def read(self, content: dict[str, Any]) -> Any:
        """The config that :meth:`written` made the table of. Raises ``LccError``."""
        known = {one.name for one in settings_of(self.config)}
        derived = [name for name in self.always if name not in known]
        own = {name: value for name, value in content.items() if name not in derived}
        return config_from(self.config, own, f"planner {self.name}")


PLANNERS: Registry[Planner] = Registry("planner", __name__)
