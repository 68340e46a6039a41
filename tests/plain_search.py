"""The search as the paper tells it: no caching, every candidate evaluated whole. The oracle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lcc_core.compression import LayerSetting, Plan, apply, importance, quantize
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.recalibration import Calibration
from lcc_core.compression.search import SearchResult, SearchSettings
from lcc_core.compression.search.ladder import ladder
from lcc_core.models import Classifier, weight_of


@dataclass
class PlainResult:
    plan: Plan
    decisions: list[tuple[str, LayerSetting, bool]]
    evaluations: int
    reference: int


def entropy(codes: Tensor) -> float:
    _, counts = np.unique(codes.numpy(), return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())


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
    settings: SearchSettings,
    calibration: Calibration | None = None,
) -> PlainResult:
    rows = importance(
        model,
        settings.w_share,
        settings.w_variance,
        settings.w_entropy,
        settings.w_sparsity,
        settings.plus_variance,
    )
    graph_order = [row.name for row in rows]
    value = {row.name: row.importance for row in rows}
    order = list(graph_order)
    if settings.order != "built":
        order.sort(key=value.__getitem__, reverse=settings.order == "falling")

    def setting(bits: int, k: float) -> LayerSetting:
        return LayerSetting(bits, k, settings.granularity, settings.scale)

    def saves(name: str, bits: int, k: float) -> bool:
        if bits == 32:
            return True
        weight = weight_of(model, name)
        plain, pruned = (quantize(weight, setting(bits, z), keep_mask(weight, z)) for z in (0.0, k))
        return entropy(pruned.codes) < entropy(plain.codes)

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
            share = share * sum(row.share for row in rows if row.name in met)
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
            walk(name, ladder(weight_of(model, name)))
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
