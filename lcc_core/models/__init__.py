"""Architectures and their compressible layers."""

from lcc_core.models.classifier import Classifier
from lcc_core.models.layers import LayerInfo, compressible_layers, weight_of
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
    "head",
    "readers",
    "skeleton",
    "weight_of",
]
