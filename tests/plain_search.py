"""The search as the paper tells it: no caching, every candidate evaluated whole. The oracle.

Order, margins and candidates are its own (:mod:`plain_compression`); of the engine it takes the
settings, the names of the layers, and ``apply``, which makes the model that is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from plain_compression import entropy_bits, kept, layer_importance, quantized
from torch import Tensor

from lcc_core.compression import LayerSetting, Plan, apply
from lcc_core.compression.recalibration import Calibration
from lcc_core.compression.search import SearchResult
from lcc_core.models import Classifier, compressible_layers, weight_of


@dataclass(frozen=True)
class PlainSettings:
    """What the oracle is told, under the paper's names."""

    method: str = "laq"
    t_margin: float = 0.5
    margin: str = "fixed"
    w_share: float = 0.5
    w_variance: float = 0.5
    w_entropy: float = 0.0
    w_sparsity: float = 0.0
    plus_variance: bool = False
    order: str = "falling"
    direction: str = "up"
    reference: str = "8-bit"
    half_ends: bool = True
    granularity: str = "channel"
    scale: str = "lse"
    recalibrate: int = 0


@dataclass
class PlainResult:
    plan: Plan
    decisions: list[tuple[str, LayerSetting, bool]]
    evaluations: int
    reference: int


@torch.inference_mode()
def count_right(model: Classifier, tiles: Tensor, labels: Tensor, batch: int = 128) -> int:
    model = model.eval().to(memory_format=torch.channels_last)
    return sum(
        int((model(part).argmax(1) == truth).sum())
        for part, truth in zip(tiles.split(batch), labels.split(batch), strict=True)
    )


def plain_search(
    model: Classifier,
    tiles: Tensor,
    labels: Tensor,
    settings: PlainSettings,
    calibration: Calibration | None = None,
    ladders: Mapping[str, list[LayerSetting]] | None = None,
) -> PlainResult:
    """``ladders``: the candidates of "size" by layer. Settings of one cost are many, so which of
    them stands for it is given; that the costs are right is checked where they are made."""
    graph_order = [layer.name for layer in compressible_layers(model)]
    weights = {name: weight_of(model, name).detach().numpy().copy() for name in graph_order}
    shares, value = layer_importance(
        weights,
        settings.w_share,
        settings.w_variance,
        settings.w_entropy,
        settings.w_sparsity,
        settings.plus_variance,
    )
    order = list(graph_order)
    if settings.order != "built":
        order.sort(key=value.__getitem__, reverse=settings.order == "falling")

    def setting(bits: int, k: float) -> LayerSetting:
        return LayerSetting(bits, k, settings.granularity, settings.scale)

    def saves(name: str, bits: int, k: float) -> bool:
        if bits == 32:
            return True
        weight = weights[name]
        how = (settings.granularity == "channel", settings.scale == "lse")
        plain, pruned = (quantized(weight, bits, *how, kept(weight, z)) for z in (0.0, k))
        return entropy_bits(pruned.codes) < entropy_bits(plain.codes)

    evaluations = 0

    def right(layers: dict[str, LayerSetting]) -> int:
        nonlocal evaluations
        evaluations += 1
        plan = Plan(layers, recalibrate=settings.recalibrate)
        return count_right(apply(model, plan, calibration).model, tiles, labels)

    first_bits = 32 if settings.method == "lap" else 8
    layers = {name: setting(first_bits, 0.0) for name in graph_order}
    reference = right({} if settings.reference == "float" else layers)
    decisions = []

    def walk(name: str, candidates: list[LayerSetting]) -> None:
        share = settings.t_margin / 100
        if settings.margin == "adaptive":
            share = share * value[name]
        if settings.margin == "shared":
            met = order[: order.index(name) + 1]
            share = share * sum(shares[one] for one in met)
        if settings.half_ends and name in (graph_order[0], graph_order[-1]):
            share = share / 2
        least = reference / len(labels) - share
        for candidate in candidates if settings.direction == "up" else candidates[::-1]:
            trial = {**layers, name: candidate}
            holds = right(trial) / len(labels) >= least - 1e-9
            decisions.append((name, candidate, holds))
            if holds:
                layers[name] = candidate
            if holds == (settings.direction == "up"):
                return

    for name in order:
        if settings.method == "size":
            walk(name, (ladders or {})[name])
        if "laq" in settings.method:
            walk(name, [setting(bits, 0.0) for bits in range(1, 8)])
        if "lap" in settings.method:
            bits = layers[name].bits
            strengths = [step / 4 for step in range(12, 0, -1)]
            walk(name, [setting(bits, k) for k in strengths if saves(name, bits, k)])
    return PlainResult(
        Plan(layers, recalibrate=settings.recalibrate), decisions, evaluations, reference
    )


def decisions(result: SearchResult) -> list[tuple[str, LayerSetting, bool]]:
    """What a search decided, as the plain one tells it."""
    return [
        (t.layer, LayerSetting(t.bits, t.k, t.granularity, t.scale), t.kept) for t in result.trace
    ]
