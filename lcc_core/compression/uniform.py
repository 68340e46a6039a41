"""The plainest plan: one setting for every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lcc_core.compression.plan import BITS, LayerSetting, Plan
from lcc_core.compression.quantizers import quantizer_of
from lcc_core.compression.quantizers.symmetric import SYMMETRIC
from lcc_core.settings import check_settings, setting

if TYPE_CHECKING:
    from lcc_core.models import Classifier

METHOD = "fixed"
SPARED_BITS = 8


@dataclass(frozen=True)
class UniformConfig:
    """One setting for all layers, but for those that are spared."""

    k: float = setting(
        0.0,
        "Pruning strength k (σ)",
        "Weights smaller than k standard deviations of their layer become zero",
        low=0,
        high=10,
        step=0.25,
        metavar="K",
    )
    bits: int = setting(
        8,
        "Bits per weight",
        "Bits for each weight. 32 leaves the weights as floats. 1 with pruning is ternary: log₂ 3 "
        "bits",
        choices=BITS,
        metavar="B",
    )
    spare_depthwise: bool | None = setting(
        None,
        "Spare depthwise layers",
        "Depthwise layers keep 8 bits or more and all their weights: they are few and matter much "
        "(default: yes, where each channel has a scale of its own)",
        advanced=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)


def setting_title(bits: int, k: float) -> str:
    """``float``, ``4 bits``, ``4 bits, k = 0.5``; one bit and pruned is ``ternary, k = 0.5``."""
    title = "float" if bits == 32 else f"{bits} bits"
    if not k:
        return title
    return f"{'ternary' if bits == 1 else title}, k = {k:g}"


def uniform_plan(
    model: Classifier,
    bits: int = 32,
    k: float = 0.0,
    quantizer: Any = SYMMETRIC,
    recalibrate: int = 0,
    spare_depthwise: bool | None = None,
) -> Plan:
    """Fixed bits and fixed k on all compressible layers.

    Depthwise layers are few weights that matter much: spared, they keep 8 bits or more and are not
    pruned.

    Args:
        model: names and kinds of its layers are looked at, not its weights.
        bits: 1…8, or 32 for floats.
        k: pruning strength in units of σ.
        quantizer: a config of a registered quantizer.
        recalibrate: on so many training tiles; 0: not at all.
        spare_depthwise: by default only where each channel has a scale of its own, which the
            papers' quantizer does not give it.
    """
    from lcc_core.models import compressible_layers
    from lcc_core.models.layers import DEPTHWISE

    scheme = quantizer_of(quantizer)
    spare = scheme.per_channel(quantizer) if spare_depthwise is None else spare_depthwise
    setting = LayerSetting.of(quantizer, bits, float(k))
    spared = LayerSetting.of(quantizer, max(bits, min(SPARED_BITS, scheme.most_bits)))
    facts = {"bits": bits, "k": float(k)} | scheme.written(quantizer)
    return Plan(
        {
            layer.name: spared if spare and layer.kind.startswith(DEPTHWISE) else setting
            for layer in compressible_layers(model)
        },
        method=METHOD,
        facts=facts | {"spare_depthwise": spare},
        recalibrate=recalibrate,
    )
