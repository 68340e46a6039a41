"""How a greedy search goes about it, and how much accuracy it may cost. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from lcc_core.compression.importance_weights import ImportanceWeights
from lcc_core.settings import setting

MARGINS = ("fixed", "adaptive", "shared")
ORDERS = ("falling", "rising", "built")
DIRECTIONS = ("up", "down")
REFERENCES = ("8-bit", "float")
MARGIN_HELP = (
    "fixed: the same for every layer. adaptive: times the layer's importance. shared: grows with "
    "the weights met so far, so that the first layers do not use up what is for all"
)
# What keys of stored searches have always held.
ALWAYS = (
    "t_margin", "margin", "w_share", "w_variance", "w_entropy", "w_sparsity", "plus_variance",
    "order", "direction", "reference", "half_ends",
)  # fmt: skip


@dataclass(frozen=True)
class Tolerance:
    """How much accuracy a search may cost."""

    t_margin: float = setting(
        0.5,
        "Margin T₀",
        "Accuracy that the compressed model may lose on the tiles it is chosen on, for one layer",
        low=0,
        high=100,
        unit="points",
        metavar="T",
    )
    margin: str = setting(
        "fixed",
        "Margin",
        MARGIN_HELP,
        choices=MARGINS,
        metavar="M",
    )


@dataclass(frozen=True)
class GreedyConfig(ImportanceWeights, Tolerance):
    """Layers in order of importance, each as bold as its margin lets it [shinde2025]."""

    order: str = setting(
        "falling",
        "Order",
        "Layers by falling or rising importance, or as built",
        choices=ORDERS,
        metavar="O",
        advanced=True,
    )
    direction: str = setting(
        "up",
        "Direction",
        "up: the boldest setting first, until one holds. down: from the mildest, until one fails",
        choices=DIRECTIONS,
        metavar="D",
        advanced=True,
    )
    reference: str = setting(
        "8-bit",
        "Reference",
        "Accuracy to hold: of the model at 8 bits, or of the float model",
        choices=REFERENCES,
        metavar="R",
        advanced=True,
    )
    half_ends: bool = setting(
        True,
        "Half margin at both ends",
        "The first and the last layer have half the margin",
        advanced=True,
    )
