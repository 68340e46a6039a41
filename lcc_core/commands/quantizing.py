"""Options that say how layers are quantized, for every command that compresses."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.options import add_options, given
from lcc_core.compression.plan import TILES
from lcc_core.compression.presets import OWN, preset, presets
from lcc_core.compression.quantizers import BITS, QUANTIZERS


def add_quantizer(command: argparse.ArgumentParser) -> None:
    """``--quantizer``, the settings of all schemes, and ``--recalibrate``."""
    known = "; ".join(f"{one.name}: {one.summary}" for one in presets().values())
    command.add_argument("--quantizer", metavar="Q", help=f"{known} (default: {OWN})")
    add_options(command, *(one.config for one in QUANTIZERS), without=(BITS,))
    command.add_argument(
        "--recalibrate",
        action=argparse.BooleanOptionalAction,
        help="correct norms and biases on training tiles, without their labels (default: yes; "
        "not with the papers' quantizer)",
    )


def quantizer_said(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was said of it, by the name of the option."""
    said = {name: getattr(arguments, name) for name in ("quantizer", "recalibrate")}
    said = {name: value for name, value in said.items() if value is not None}
    for one in QUANTIZERS:
        said |= {n: v for n, v in given(arguments, one.config).items() if n != BITS}
    return said


def quantizer_chosen(arguments: argparse.Namespace) -> tuple[Any, int]:
    """The quantizer's config, and on how many tiles to recalibrate.

    Raises:
        LccError: there is no such quantizer, or it has no such setting.
    """
    said = quantizer_said(arguments)
    base = preset(said.pop("quantizer", OWN))
    on = said.pop("recalibrate", None)
    tiles = base.recalibrate if on is None else TILES if on else 0
    return base.with_settings(said), tiles
