"""``lcc export``."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from lcc_core.commands.compressed import checkpoint_name
from lcc_core.commands.context import Context, Timer
from lcc_core.commands.options import add_entries, config_of
from lcc_core.commands.output import output_file
from lcc_core.commands.text import percent, size
from lcc_core.errors import DataError

CHECKED_TILES = 1000


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """Add ``lcc export``."""
    command = commands.add_parser(
        "export", parents=[after], help="write a model for another runtime, and check it there"
    )
    command.add_argument("source", metavar="FILE", help="a packed file or a checkpoint's id")
    command.add_argument("--out", required=True, metavar="FILE", help="what is written")
    command.when_used(partial(_formats, command))
    command.set_defaults(run=export)


def _formats(command: argparse.ArgumentParser) -> None:
    from lcc_core.export import EXPORTERS

    names = "|".join(EXPORTERS.names())
    command.add_argument("--format", metavar=names, help="default: by the ending of --out")
    add_entries(command, EXPORTERS)


def export(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Write a model in another format and check it in its own runtime."""
    from lcc_core.checkpoints.packed import load_packed
    from lcc_core.export import EXPORTERS, agreement, by_ending
    from lcc_core.export import export as write

    out = output_file(arguments.out)
    exporter = EXPORTERS[arguments.format] if arguments.format else by_ending(out)
    config = config_of(arguments, exporter, EXPORTERS)
    timer = Timer()
    path = Path(arguments.source).expanduser()
    if path.is_file():
        model = load_packed(path)
        facts = model.header.get("measurement") or {}
        data, split = facts.get("data"), (model.header.get("extra") or {}).get("split") or {}
    else:
        checkpoint = context.workspace.checkpoint(checkpoint_name(arguments.source))
        model, data, split = checkpoint.model(), checkpoint.data, checkpoint.split
    images, what = _images(context, model.spec, data, split)
    written = write(model, out, tuple(images.shape[2:]), exporter.name, config)
    agreed = agreement(model, out, exporter.name, images)
    context.say(
        f"{out}: {size(written)}, the same class as this program on "
        f"{percent(agreed)} of {len(images)} {what}, in {timer}."
    )
    return {
        "format": exporter.name,
        "out": str(out),
        "bytes": written,
        "agreement": agreed,
        "checked": len(images),
        "checked_on": what,
        "seconds": timer.seconds,
    }


def _images(context: Context, spec: Any, data: str | None, split: dict[str, Any]) -> Any:
    """Up to 1,000 test tiles (n, C, H, W); noise where the data set is not here."""
    import torch

    from lcc_core.results.packedfile import foreign_ids
    from lcc_core.training.batches import gather

    try:
        if data is None:
            raise DataError("unknown data set")
        tiles = context.workspace.tiles(data, context.hooks)
        ids = foreign_ids(tiles, spec, split, "test")[:CHECKED_TILES]
        return gather(tiles, ids).contiguous(), f"test tiles of {data}"
    except DataError:
        generator = torch.Generator().manual_seed(0)
        if spec.patch:
            shape = (64, spec.bands, spec.patch, spec.patch)
            noise = torch.randn(shape, generator=generator)
            mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (spec.mean, spec.std))
            return noise * std + mean, "noise patches"
        shape = (64, spec.bands, 64, 64)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator), "noise tiles"
