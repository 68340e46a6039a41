"""Architectures and their compressible layers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.models.classifier import Classifier
    from lcc_core.models.layers import (
        LayerInfo,
        compressible_layers,
        first_not_finite,
        is_compressible,
        weight_of,
    )
    from lcc_core.models.replacing import head
    from lcc_core.models.sources import ARCHITECTURES, Architecture, architectures
    from lcc_core.models.spec import ModelSpec
    from lcc_core.models.zoo import build, skeleton

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Classifier",
    "LayerInfo",
    "ModelSpec",
    "architectures",
    "build",
    "compressible_layers",
    "first_not_finite",
    "head",
    "is_compressible",
    "skeleton",
    "weight_of",
]
_PLACES = {
    "classifier": ("Classifier",),
    "layers": (
        "LayerInfo", "compressible_layers", "first_not_finite", "is_compressible", "weight_of",
    ),
    "replacing": ("head",),
    "sources": ("ARCHITECTURES", "Architecture", "architectures"),
    "spec": ("ModelSpec",),
    "zoo": ("build", "skeleton"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    # All but `sources` import torch; a list of the architectures does not wait for it.
    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
