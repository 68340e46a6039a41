"""Formats that other runtimes run: one file each, found by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcc_core.errors import LccError
from lcc_core.files import write_bytes
from lcc_core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from lcc_core.models import Classifier

CHECKED_AT_ONCE = 100  # tiles


@dataclass(frozen=True)
class NoSettings:
    """The config of a format without settings."""


@dataclass(frozen=True)
class Exporter:
    """A format that a model is written in.

    Attributes:
        name: as commands have it.
        title: for people.
        summary: one sentence on what the file is for.
        ending: of its files, with the dot.
        content: config, model, and height and width of the tiles it will be given → the file.
        answers: file and tiles, uint8 (N, C, H, W) or float32 patches → the class of each in the
            format's own runtime, int64 (N,).
        config: frozen dataclass of its settings.
    """

    name: str
    title: str
    summary: str
    ending: str
    content: Callable[[Any, Classifier, tuple[int, int]], bytes]
    answers: Callable[[Path, Tensor], np.ndarray]
    config: type = NoSettings


EXPORTERS: Registry[Exporter] = Registry("export format", __name__)


def by_ending(path: Path) -> Exporter:
    """The format of a file by its name. Raises ``LccError`` naming the endings there are."""
    for one in EXPORTERS:
        if path.name.lower().endswith(one.ending):
            return one
    known = ", ".join(f"{one.ending} ({one.name})" for one in EXPORTERS)
    raise LccError(
        f"{path.name} has the ending of no export format.",
        f"Known are: {known}. Or name the format with --format.",
    )


def export(
    model: Classifier, out: Path, size: tuple[int, int], how: str, config: Any = None
) -> int:
    """Write a model in another format.

    Args:
        model: plain or compressed.
        out: the file.
        size: height and width of the tiles it will be given, in pixels.
        how: name of the format.
        config: its settings; by default those of its config.

    Returns:
        The bytes of the file.
    """
    exporter = EXPORTERS[how]
    content = exporter.content(config or exporter.config(), model, size)
    write_bytes(out, content)
    return len(content)


def agreement(model: Classifier, path: Path, how: str, images: Tensor) -> float:
    """Share of ``images`` (N, C, H, W) of which an exported file says what the model says."""
    import torch

    agreed = 0
    with torch.inference_mode():
        for part in images.split(CHECKED_AT_ONCE):
            part = part.contiguous()
            answers = EXPORTERS[how].answers(path, part)
            agreed += int((answers == model(part).argmax(1).numpy()).sum())
    return agreed / len(images)
