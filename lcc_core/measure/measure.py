"""Compressed model → measurement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from lcc_core.checkpoints.packed import pack
from lcc_core.compression.apply import Compressed
from lcc_core.data.tiles import TileSet
from lcc_core.measure.cost import latency_ms, macs, parameters
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import (
    confusion_matrix,
    kappa,
    overall_accuracy,
    recalls,
    wilson_interval,
)
from lcc_core.models import compressible_layers
from lcc_core.models.device import choose_device, choose_precision
from lcc_core.progress import OnProgress, ShouldStop, ignore, never


@dataclass(frozen=True)
class Origin:
    """Where the float model came from: checkpoint id, bytes of its float32 file, its split."""

    checkpoint: str
    float_bytes: int
    split: dict[str, Any]


def measure(
    compressed: Compressed,
    origin: Origin,
    tiles: TileSet,
    ids: np.ndarray,
    part: str = "test",
    *,
    device: str = "cpu",
    precision: str = "auto",
    latency: bool = True,
    on_progress: OnProgress = ignore,
    should_stop: ShouldStop = never,
) -> Measurement:
    """Accuracy on the tiles ``ids`` and every size of the compressed model."""
    predicted = predict(
        compressed.model,
        tiles,
        ids,
        device=device,
        precision=precision,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    compressed.model.cpu()
    confusion = confusion_matrix(tiles.labels[ids], predicted, len(tiles.class_names))
    recall = recalls(confusion)
    bits = bit_figures(compressed)
    row = Measurement(
        oa=overall_accuracy(confusion),
        aa=float(np.nanmean(recall)),
        kappa=kappa(confusion),
        recall=tuple(float(r) if np.isfinite(r) else 0.0 for r in recall),
        confusion=tuple(tuple(int(v) for v in line) for line in confusion),
        interval=wilson_interval(int(np.trace(confusion)), len(ids)),
        tiles=len(ids),
        part=part,
        precision=choose_precision(precision, choose_device(device)),
        **bits,
        bytes=0,
        float_bytes=origin.float_bytes,
        real_ratio=0.0,
        parameters=parameters(compressed.model),
        macs=macs(compressed.model, tiles.size),
        latency_ms=latency_ms(compressed.model, tiles.size) if latency else None,
        checkpoint=origin.checkpoint,
        plan=compressed.plan.id,
        method=compressed.plan.method,
        data=tiles.name,
        fingerprint=tiles.fingerprint,
        synthetic=tiles.synthetic,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        recalibrated=compressed.recalibrated,
        recalibration_s=compressed.recalibration_s,
    )
    return row.with_file(pack(compressed, row.for_header(), {"split": origin.split}))


def bit_figures(compressed: Compressed) -> dict[str, Any]:
    """b̄, sparsity, 32/b̄ and the papers' ratio with zeros free, over the compressible weights."""
    layers = compressible_layers(compressed.model)
    total = sum(layer.weights for layer in layers)
    average = zeros = free = 0.0
    for layer in layers:
        share = layer.weights / total
        setting = compressed.plan.layers.get(layer.name)
        bits = setting.bits if setting else 32
        sparsity = compressed.sparsity.get(layer.name, 0.0)
        average += share * bits
        zeros += share * sparsity
        free += share * bits * (1 - sparsity)
    return {
        "average_bits": average,
        "sparsity": zeros,
        "nominal_ratio": 32 / average,
        # A net of zeros alone has none; JSON has no infinity either.
        "zeros_free_ratio": 32 / free if free else None,
    }
