"""Training dynamics → which tiles to keep."""

from lcc_core.coresets.coreset import Coreset, choose_coreset
from lcc_core.coresets.scores import Scores, scores_of
from lcc_core.coresets.select import METHODS, CoresetSettings, select

__all__ = [
    "METHODS",
    "Coreset",
    "CoresetSettings",
    "Scores",
    "choose_coreset",
    "scores_of",
    "select",
]
