"""torchvision beside a CPU-only torch, where its compiled operators do not load."""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType

import torch

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept_alive: list[torch.library.Library] = []
_importing = threading.Lock()  # between the first try and the second, no other thread may import


def import_torchvision() -> ModuleType:
    """``import torchvision``; does nothing more where that works.

    A torchvision built for CUDA asks, at import, for two detection operators that its library
    could not register. Their schemas are all it needs for models, transforms and data sets.
    """
    with _importing:
        return _import()


def _import() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    if not _kept_alive:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}{_BOXES}")
        _kept_alive.append(library)
    return importlib.import_module("torchvision")
