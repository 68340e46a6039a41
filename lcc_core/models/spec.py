"""What a classifier is, as data: enough to build it again with no code from the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from lcc_core.errors import require
from lcc_core.models.sources import ARCHITECTURES
from lcc_core.reading import Shortened, check_text, is_kind, value_of, values_of

# Beyond any data set of land cover; a file that claims more is refused before memory is taken.
MOST_CLASSES, MOST_BANDS, MOST_PATCH, MOST_LAYERS = 1000, 4096, 255, 10_000
LONGEST_NAME = 1000  # characters of a class's or a layer's name


@dataclass(frozen=True)
class ModelSpec:
    """Architecture, classes and band statistics (``mean``, ``std`` per band, 0…1 scale).

    ``channels``: layer → (inputs, outputs) where a layer is narrower than the architecture's; see
    ``models/widths.py``.
    ``options``: of a classifier of scenes ``patch``, the pixels a side of what it is given, in the
    unit of the cube and of ``mean`` and ``std``; and whole numbers of the architecture's own.
    """

    arch: str
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = self.class_names
        require(len(names) >= 2, "class_names", names, "two or more names")
        require(len(names) <= MOST_CLASSES, "classes", len(names), f"{MOST_CLASSES} or fewer")
        for name in (*names, *self.channels):
            require(
                isinstance(cast(object, name), str) and len(name) <= LONGEST_NAME,
                "name",
                Shortened(name),
                f"text of {LONGEST_NAME} characters or fewer",
            )
            check_text(name)
        bands = len(self.mean)
        require(0 < bands == len(self.std), "mean, std", self.mean, "one value for each band")
        require(bands <= MOST_BANDS, "bands", bands, f"{MOST_BANDS} or fewer")
        for name, values in (("mean", self.mean), ("std", self.std)):
            for value in values:
                require(is_kind(value, float), name, Shortened(value), "finite numbers")
        require(all(s > 0 for s in self.std), "std", Shortened(self.std), "positive")
        limits = {"patch": MOST_PATCH}
        if self.arch in ARCHITECTURES:
            limits |= ARCHITECTURES[self.arch].limits
        for name, option in self.options.items():
            most = limits.get(name)
            require(most is not None, "options", name, f"one of {', '.join(limits)}")
            whole = is_kind(option, int) and 1 <= option <= (most or 0)
            require(whole, name, Shortened(option), f"a whole number 1…{most}")
        layers = len(self.channels)
        require(layers <= MOST_LAYERS, "channels", layers, f"of {MOST_LAYERS} layers or fewer")

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
        """Raises ``ValueError`` that names the key whose value is missing or of a wrong type."""
        require(is_kind(content, dict), "spec", Shortened(content), "a table")
        options: dict[str, Any] = value_of(content, "options", dict, {})
        channels: dict[str, Any] = value_of(content, "channels", dict, {})
        for name, pair in channels.items():
            two = isinstance(pair, (list, tuple)) and len(pair) == 2
            require(
                two and all(is_kind(width, int) for width in pair),
                f"channels of {name}",
                Shortened(pair),
                "two whole numbers",
            )
        return cls(
            arch=value_of(content, "arch", str),
            class_names=values_of(content, "class_names", str),
            mean=values_of(content, "mean", float),
            std=values_of(content, "std", float),
            options=dict(options),
            channels={name: (pair[0], pair[1]) for name, pair in channels.items()},
        )
