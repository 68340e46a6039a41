"""Compressed model → measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from lcc_core.checkpoints.packed import pack
from lcc_core.compression.compressed import Compressed
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.cost import latency_ms, macs, parameters
from lcc_core.measure.evaluate import ON_CPU, predict
from lcc_core.measure.measurement import ENGINE, Measurement
from lcc_core.measure.metrics import (
    confusion_matrix,
    kappa,
    overall_accuracy,
    recalls,
    wilson_interval,
)
from lcc_core.models import compressible_layers
from lcc_core.models.device import Compute, choose_device, choose_precision


@dataclass(frozen=True, eq=False)
class Sample:
    """Tiles to measure on: those of ``part`` with their ``ids`` int64 (n,).

    ``validation``: ids of tiles on which accuracy is measured in the same pass, for choosing.
    """

    tiles: TileSet
    ids: np.ndarray
    part: str = "test"
    validation: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, tiles: TileSet, split: Split, part: str = "test") -> Sample:
        """A part of a split; beside the test part the validation part too."""
        beside = {"validation": split.validation} if part == "test" else {}
        return cls(tiles, split.part(part), part, **beside)


@dataclass(frozen=True)
class Origin:
    """Where the float model came from: checkpoint id, bytes of its float32 file, its split."""

    checkpoint: str
    float_bytes: int
    split: dict[str, Any]


def measure(
    compressed: Compressed,
    origin: Origin,
    sample: Sample,
    compute: Compute = ON_CPU,
    hooks: Hooks = QUIET,
    latency: bool = True,
) -> Measurement:
    """Measure accuracy on a sample, and every size of the compressed model.

    Args:
        compressed: the model, with what its compression tells.
        origin: where the float model came from.
        sample: the tiles.
        compute: device, arithmetic and batch.
        hooks: progress and cancel.
        latency: whether the time a tile takes is measured.
    """
    tiles, ids, part, beside = sample.tiles, sample.ids, sample.part, sample.validation
    answers = predict(compressed.model, tiles, np.concatenate([ids, beside]), compute, hooks)
    predicted, chosen_by = answers[: len(ids)], answers[len(ids) :]
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
        precision=choose_precision(compute.precision, choose_device(compute.device)),
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
        validation_oa=float((chosen_by == tiles.labels[beside]).mean()) if len(beside) else None,
        validation_tiles=len(beside),
        engine=ENGINE,
    )
    if part == "validation":
        row = replace(row, validation_oa=row.oa, validation_tiles=row.tiles)
    return row.with_file(pack(compressed, row.for_header(), {"split": origin.split}))


TERNARY_BITS = math.log2(3)


def bit_figures(compressed: Compressed) -> dict[str, float | None]:
    """b̄, sparsity, share pruned, 32/b̄ and the papers' ratio with pruned weights free, over the
    compressible weights. What depends on a mask that is not known is ``None``."""
    layers = compressible_layers(compressed.model)
    total = sum(layer.weights for layer in layers)
    average = zeros = kept_bits = 0.0
    pruned = 0
    for layer in layers:
        bits = nominal_bits(compressed, layer.name)
        gone = (compressed.pruned or {}).get(layer.name, 0)
        average += layer.weights * bits / total
        zeros += layer.weights * compressed.sparsity.get(layer.name, 0.0) / total
        kept_bits += (layer.weights - gone) * bits / total
        pruned += gone
    known = compressed.pruned is not None
    return {
        "average_bits": average,
        "sparsity": zeros,
        "pruned": pruned / total if known else None,
        "nominal_ratio": 32 / average,
        # A net without a weight that was kept has none; JSON has no infinity either.
        "zeros_free_ratio": 32 / kept_bits if known and kept_bits else None,
    }


def nominal_bits(compressed: Compressed, layer: str) -> float:
    """Bits a weight of one layer. One bit and pruned is three values, −, 0 and +: log₂ 3 bits."""
    setting = compressed.plan.layers.get(layer)
    if setting is None or setting.bits != 1:
        return setting.bits if setting else 32
    return TERNARY_BITS if bool((compressed.codes[layer].codes == 0).any()) else 1
