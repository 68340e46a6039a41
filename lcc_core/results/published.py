"""Accuracies that others published on the same tiles, with their source: open marks in a chart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """``oa`` share 0…1; sizes where the source lets them be known, else ``None``."""

    label: str
    source: str
    data: str
    arch: str
    oa: float
    note: str
    weights: float | None = None
    real_ratio: float | None = None
    average_bits: float | None = 32.0

    @property
    def bytes(self) -> float | None:
        """Of the weights alone, as float32: what such a file takes at least."""
        return None if self.weights is None else 4 * self.weights


PUBLISHED = (
    Published(
        "RemoteTrimmer, ratio 0.7",
        "Zou et al. 2024, arXiv 2412.12603, the authors' checkpoint",
        "eurosat",
        "resnet18",
        0.9167,
        "70/30 split; about 1.0 M weights stay, in float32",
        weights=1.0e6,
        real_ratio=44.8e6 / 4.0e6,
    ),
    Published(
        "coreset of 10 % by forgetting",
        "High-Performance Lightweight Vision Models for Land Cover Classification with Coresets "
        "and Compression, TerraBytes 2025",
        "eurosat",
        "four backbones",
        0.9646,
        "pretrained on ImageNet, float32",
        real_ratio=1.0,
    ),
)
