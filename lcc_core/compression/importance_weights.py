"""What the terms of the importance count; DESIGN §3. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass

from lcc_core.settings import check_settings, setting


@dataclass(frozen=True)
class ImportanceWeights:
    """I(l) = w_P·N_P + w_V·(1 − N_V) + w_E·H + w_S·S, with w_P + w_V = 1 [shinde2025]."""

    w_share: float = setting(
        0.5,
        "Weight of share",
        "Weight of a layer's share of all weights in its importance; that of its variance is 1 "
        "less it",
        low=0,
        high=1,
        step=0.05,
        metavar="W",
    )
    w_entropy: float = setting(
        0.0,
        "Weight of entropy",
        "Weight of the entropy of a layer's weights in its importance",
        low=0,
        high=10,
        step=0.05,
        metavar="W",
        advanced=True,
    )
    w_sparsity: float = setting(
        0.0,
        "Weight of zeros",
        "Weight of the share of a layer's weights that are 0 in its importance",
        low=0,
        high=10,
        step=0.05,
        metavar="W",
        advanced=True,
    )
    plus_variance: bool = setting(
        False,
        "Variance counts for a layer",
        "A layer of larger variance is more important, not less",
        advanced=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def w_variance(self) -> float:
        """The weight of 1 − N_V: what share leaves of 1."""
        return round(1 - self.w_share, 9)


EQUAL = ImportanceWeights()
