"""The noun ``Measurement``: one row of results, with the ids of all it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Measurement:
    """Accuracies are shares 0…1; ``interval`` is the 95 % interval of ``oa`` on ``tiles`` tiles.

    ``bytes`` is the packed file, ``float_bytes`` the float32 checkpoint file, ``real_ratio`` their
    quotient. ``recalibrated`` tiles were used to correct norms and biases, in ``recalibration_s``
    seconds. ``nominal_ratio`` = 32/b̄; ``zeros_free_ratio`` counts zeros as free, as the papers do.
    """

    oa: float
    aa: float
    kappa: float
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    interval: tuple[float, float]
    tiles: int
    part: str
    precision: str
    average_bits: float
    sparsity: float
    nominal_ratio: float
    zeros_free_ratio: float | None  # none where every weight is zero
    bytes: int
    float_bytes: int
    real_ratio: float
    parameters: int
    macs: int
    latency_ms: float | None
    checkpoint: str
    plan: str
    method: str
    data: str
    fingerprint: str
    synthetic: bool
    measured: str
    recalibrated: int = 0
    recalibration_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Measurement:
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in content.items() if key in known}
        values["recall"] = tuple(values["recall"])
        values["interval"] = tuple(values["interval"])
        values["confusion"] = tuple(tuple(row) for row in values["confusion"])
        return cls(**values)

    def confusion_array(self) -> np.ndarray:
        return np.array(self.confusion, np.int64)

    def for_header(self) -> dict[str, Any]:
        """What travels inside the packed file: all but the sizes, which are the file's own."""
        return {
            key: value
            for key, value in self.to_json().items()
            if key not in ("bytes", "real_ratio", "latency_ms", "measured", "recalibration_s")
        }
