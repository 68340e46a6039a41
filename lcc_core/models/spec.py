"""What a classifier is, as data: enough to build it again with no code from the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from lcc_core.errors import require


@dataclass(frozen=True)
class ModelSpec:
    """Architecture, classes and band statistics (``mean``, ``std`` per band, 0…1 scale).

    ``channels``: layer → (inputs, outputs) where a layer is narrower than the architecture's; see
    ``models/widths.py``.
    ``options`` of a classifier of scenes: ``patch``, the pixels a side of what it is given, in the
    unit of the cube and of ``mean`` and ``std``; ``components``, if it reads principal components.
    """

    arch: str
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(len(self.class_names) >= 2, "class_names", self.class_names, "two or more names")
        require(
            0 < len(self.mean) == len(self.std), "mean, std", self.mean, "one value for each band"
        )
        require(all(s > 0 for s in self.std), "std", self.std, "positive")

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def bands(self) -> int:
        return len(self.mean)

    @property
    def patch(self) -> int | None:
        """Pixels a side of a scene's patches; ``None`` where the input is uint8 tiles."""
        return self.options.get("patch")

    def example(self, batch: int, size: tuple[int, int]) -> Tensor:
        """Zeros that it could be given: uint8 or float32 (batch, bands, H, W)."""
        dtype = torch.float32 if self.patch else torch.uint8
        return torch.zeros((batch, self.bands, *size), dtype=dtype)

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        if not self.channels:  # files written before there were any read and hash the same
            del content["channels"]
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ModelSpec:
        return cls(
            arch=str(content["arch"]),
            class_names=tuple(str(name) for name in content["class_names"]),
            mean=tuple(float(v) for v in content["mean"]),
            std=tuple(float(v) for v in content["std"]),
            options=dict(content.get("options", {})),
            channels={
                str(name): (int(inputs), int(outputs))
                for name, (inputs, outputs) in dict(content.get("channels", {})).items()
            },
        )
