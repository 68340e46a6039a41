"""Result rows with the figures a test needs, without training anything."""

from __future__ import annotations

from typing import Any

from lcc_core.measure.measurement import Measurement
from lcc_core.results.table import ResultRow


def measurement(**changes: Any) -> Measurement:
    figures: dict[str, Any] = {
        "oa": 0.9, "aa": 0.9, "kappa": 0.8, "recall": (0.9, 0.9), "confusion": ((9, 1), (1, 9)),
        "interval": (0.8, 0.95), "tiles": 20, "part": "test", "precision": "float32",
        "average_bits": 4.0, "sparsity": 0.25, "nominal_ratio": 8.0, "zeros_free_ratio": 8.0,
        "bytes": 1000, "float_bytes": 9000, "real_ratio": 9.0, "parameters": 10, "macs": 20,
        "latency_ms": 1.0, "checkpoint": "c" * 12, "plan": "p" * 12, "method": "fixed",
        "data": "made", "fingerprint": "f" * 64, "synthetic": False,
        "measured": "2026-01-01T00:00:00+00:00", "pruned": 0.0, "validation_oa": 0.9,
        "validation_tiles": 16, "engine": 2,
    }  # fmt: skip
    return Measurement(**figures | changes)


def row(
    name: str,
    split: dict[str, Any] | None = None,
    part: str = "",
    bits: int = 4,
    k: float = 0.0,
    recipe: dict[str, Any] | None = None,
    **changes: Any,
) -> ResultRow:
    """``part``: where its settings were chosen; ``name`` makes its id."""
    layer = {"bits": bits, "prune_k": k, "granularity": "tensor", "scale": "absmax"}
    facts = {"part": part} if part else {}
    model = {
        "id": "c" * 12,
        "recipe": {"arch": "compact", "preset": "default", "epochs": 1, "seed": 0} | (recipe or {}),
        "spec": {"arch": "compact", "class_names": ["a", "b"]},
        "split": split or {"protocol": "64/16/20", "seed": 0},
        "accuracy": {},
        "created": "2026-01-01",
        "seconds": 1.0,
    }
    settings = {"layers": {"head": layer}, "method": "fixed", "facts": facts}
    return ResultRow(measurement(plan=name, **changes), model, settings)
