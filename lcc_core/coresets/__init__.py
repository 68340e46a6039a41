"""Training dynamics → which tiles to keep."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.coresets.coreset import Coreset, choose_coreset
    from lcc_core.coresets.methods import METHODS, CoresetMethod
    from lcc_core.coresets.scores import Scores, scores_of
    from lcc_core.coresets.selection import CoresetSettings, select

__all__ = [
    "METHODS",
    "Coreset",
    "CoresetMethod",
    "CoresetSettings",
    "Scores",
    "choose_coreset",
    "scores_of",
    "select",
]
_PLACES = {
    "coreset": ("Coreset", "choose_coreset"),
    "methods": ("METHODS", "CoresetMethod"),
    "scores": ("Scores", "scores_of"),
    "selection": ("CoresetSettings", "select"),
}


def __getattr__(name: str) -> Any:
    # `coreset` imports torch; a command line that lists the methods does not wait for it.
    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
