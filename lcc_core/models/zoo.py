"""A classifier from its spec, by whichever architecture is registered under its name."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from lcc_core.errors import ModelError, require
from lcc_core.models.classifier import Classifier
from lcc_core.models.sources import ARCHITECTURES
from lcc_core.models.spec import ModelSpec
from lcc_core.models.widths import narrow


def build(spec: ModelSpec, weights: str | None = None) -> Classifier:
    """Build a fresh classifier.

    Args:
        spec: what it is.
        weights: pretrained weights to start from, such as ``"imagenet"``; by default none.

    Raises:
        ModelError: for an unknown architecture, and weights that cannot be had.
    """
    arch = ARCHITECTURES[spec.arch]
    pretrained = arch.weights(weights).name if weights not in (None, "none") else ""
    if pretrained and spec.channels:
        raise ModelError(
            f"There are no {pretrained} weights for a narrowed {spec.arch}.",
            "Narrow a model that was trained from them.",
        )
    if arch.for_scenes and spec.patch is None:
        raise ModelError(f"{spec.arch} reads scenes, and this model knows none.", "Train it again.")
    require(spec.patch is None or spec.patch % 2 == 1, "patch", spec.patch, "odd")
    net = arch.build(spec, pretrained)
    return Classifier(narrow(net, spec.channels) if spec.channels else net, spec)


class _Unfilled(TorchFunctionMode):
    """What a network's weights are made by takes no memory; all else is computed as always.

    ``torch.device("meta")`` would do the same to the few tensors that some architectures read while
    they are built: RegNet its widths, Swin which bias belongs to which pair of pixels.
    """

    MAKERS = (torch.empty, torch.zeros, torch.ones)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in self.MAKERS:
            kwargs = kwargs | {"device": "meta"}
        return func(*args, **kwargs)


def skeleton(spec: ModelSpec) -> Classifier:
    """Build the classifier without memory for its weights."""
    with _Unfilled():
        return build(spec)
