"""Which processor runs the work, and in which arithmetic."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from lcc_core.devices import DEVICES
from lcc_core.errors import ModelError, require

PRECISIONS = ("auto", "float32", "bf16")


@dataclass(frozen=True)
class Compute:
    """On which ``device`` a model runs, in which arithmetic, and ``batch`` tiles at a time."""

    device: str = "cpu"
    precision: str = "auto"
    batch: int = 128


def choose_device(name: str = "auto") -> torch.device:
    """Choose a device by its name; ``auto`` takes a GPU where there is one.

    Raises ``BadValue`` for an unknown name, ``ModelError`` for a device that is not there.
    """
    require(name in DEVICES, "device", name, f"one of {', '.join(DEVICES)}")
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        raise ModelError(f"This machine has no {name} device.", "Use --device auto or cpu.")
    return torch.device(name)


def _cpu_gains_by_bf16() -> bool:
    with contextlib.suppress(OSError):
        return (
            "amx_bf16" in Path("/proc/cpuinfo").read_text()
            or "avx512_bf16" in Path("/proc/cpuinfo").read_text()
        )
    return False


def choose_precision(name: str, device: torch.device) -> str:
    """``auto`` is bf16 where the processor has instructions for it, else float32."""
    require(name in PRECISIONS, "precision", name, f"one of {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "float32"
    return "bf16" if device.type == "cpu" and _cpu_gains_by_bf16() else "float32"


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[Any]:
    """Compute in ``precision`` during the block."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


_counting = threading.Lock()


@contextlib.contextmanager
def threads(count: int) -> Generator[None]:
    """Run the block with ``count`` threads.

    The number is the whole process's: a process in which several threads compute should be given
    one from the start, and then nothing is changed here. Where it has to be changed, one block at
    a time changes it.
    """
    if torch.get_num_threads() == count:
        yield
        return
    with _counting:
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)


M = TypeVar("M", bound=nn.Module)


def place(model: M, device: torch.device) -> M:
    """Move it to the device, in the layout that the device's kernels are fastest with."""
    return cast(Any, model).to(device, memory_format=layout(model))


def layout(model: nn.Module) -> torch.memory_format:
    """How its weights lie in memory: channels last, unless it has 3-D convolutions."""
    flat = all(parameter.ndim < 5 for parameter in model.parameters())
    return torch.channels_last if flat else torch.preserve_format


def layout_of(weight: Tensor) -> torch.memory_format:
    """The same for one weight; only pictures have channels that could come last."""
    return torch.channels_last if weight.ndim == 4 else torch.contiguous_format
