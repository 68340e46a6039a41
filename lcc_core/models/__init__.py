"""Architectures and their compressible layers."""

from lcc_core.models.classifier import Classifier
from lcc_core.models.layers import (
    LayerInfo,
    compressible_layers,
    first_not_finite,
    is_compressible,
    weight_of,
)
from lcc_core.models.spec import ModelSpec
from lcc_core.models.zoo import ARCHITECTURES, ArchInfo, build, head, readers, skeleton

__all__ = [
    "ARCHITECTURES",
    "ArchInfo",
    "Classifier",
    "LayerInfo",
    "ModelSpec",
    "build",
    "compressible_layers",
    "first_not_finite",
    "head",
    "is_compressible",
    "readers",
    "skeleton",
    "weight_of",
]
