"""The noun ``Measurement``: one row of results, with the ids of all it came from."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

OF_THE_FILE = (
    "bytes", "real_ratio", "file_sha256", "latency_ms", "measured", "recalibration_s",
)  # fmt: skip


@dataclass(frozen=True)
class Measurement:
    """Accuracies are shares 0…1; ``interval`` is the 95 % interval of ``oa`` on ``tiles`` tiles.

    ``bytes`` is the packed file, ``float_bytes`` the float32 checkpoint file, ``real_ratio`` their
    quotient. ``recalibrated`` tiles were used to correct norms and biases, in ``recalibration_s``
    seconds. ``sparsity`` is the share of weights that are 0, ``pruned`` the share that pruning
    masked. ``nominal_ratio`` = 32/b̄; ``zeros_free_ratio`` counts masked weights as free, as the
    papers do, and no others. ``validation_oa`` on ``validation_tiles`` tiles is what models are
    chosen by; ``None`` where there is no validation part. ``None`` elsewhere: not known.
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
    average_bits: float | None
    sparsity: float
    nominal_ratio: float | None
    zeros_free_ratio: float | None  # none where every weight was pruned
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
    pruned: float | None = None
    validation_oa: float | None = None
    validation_tiles: int = 0
    engine: int = 1
    file_sha256: str = ""  # of the packed file that was measured; older rows have none

    def is_of(self, content: bytes) -> bool:
        """Whether this was measured on a packed file of that very content."""
        if self.file_sha256:
            return hashlib.sha256(content).hexdigest() == self.file_sha256
        return len(content) == self.bytes

    def with_file(self, content: bytes) -> Measurement:
        """The row with the sizes of that packed file."""
        return replace(
            self,
            bytes=len(content),
            real_ratio=self.float_bytes / len(content),
            file_sha256=hashlib.sha256(content).hexdigest(),
        )

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        if not self.file_sha256:  # rows from before there were any stay as they are
            del content["file_sha256"]
        return content

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
        """What travels inside the packed file: nothing of the file itself, of times or of dates."""
        return {key: value for key, value in self.to_json().items() if key not in OF_THE_FILE}
