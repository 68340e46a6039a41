"""``lcc data``: what tiles are here, and how they get here."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.tasks import add_task
from lcc_core.commands.text import duration, pairs, percent, size, table
from lcc_core.errors import LccError
from lcc_core.tasks.data import DownloadTask, ImportTask, SurrogateTask, TilesTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """Add ``lcc data`` and what stands behind it."""
    group = commands.add_parser(
        "data", parents=[after], help="list, import, download and describe data sets"
    )
    kinds = group.add_subparsers(title="commands", dest="what", metavar="WHAT", required=True)

    command = kinds.add_parser("list", parents=[after], help="known and stored data sets")
    command.set_defaults(run=list_sets, home_is="read")

    command = add_task(kinds, after, ImportTask, _arrived)
    command.when_used(partial(_formats, command))
    add_task(kinds, after, SurrogateTask, _arrived)

    command = kinds.add_parser("info", parents=[after], help="classes, sizes and origin of a set")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=info)

    add_task(kinds, after, DownloadTask, _arrived)


def _formats(command: argparse.ArgumentParser) -> None:
    """Tell what is read, at the end of the help."""
    from lcc_core.data.readers import READERS

    told = (
        f"{reader.name} ({' or '.join(reader.reads)}: {' '.join(reader.endings)}): {reader.summary}"
        for reader in READERS
    )
    command.epilog = f"Formats. {' '.join(told)}"


def list_sets(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    """List the known and the stored sets."""
    from lcc_core.data.catalog import DATASETS, stored

    every = stored(context.home)
    skipped = context.skipped(every.unreadable, "stored data set")
    here = {info.name: info for info in every}
    rows, sets = [], []
    for name in [*DATASETS.names(), *(n for n in here if n not in DATASETS)]:
        known, kept = DATASETS.get(name), here.get(name)
        one: Any = known or kept  # it is known, or stored
        entry: dict[str, Any] = {"name": name, "title": one.title, "stored": kept is not None}
        if kept:
            entry |= asdict(kept)
        sets.append(entry)
        rows.append(
            (
                name,
                one.title,
                (kept or one).tiles,
                kept.classes if kept else len(one.classes),
                size(kept.bytes) if kept else "–",
                _state(known, name, kept is not None),
            )
        )
    context.say(table(("name", "title", "tiles", "classes", "stored", "state"), rows))
    return {"data": sets, "unreadable": skipped}


def _state(known: Any, name: str, here: bool) -> str:
    if here:
        return "ready"
    if known.draw:
        return "drawn on first use"
    return f"lcc data import {known.words}"


def info(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Describe a stored set."""
    from lcc_core.data.catalog import DATASETS, stored

    tiles = context.workspace.tiles(arguments.name, context.hooks)
    kept = next(i for i in stored(context.home) if i.name == arguments.name)
    known = DATASETS.get(arguments.name)
    counts = dict(zip(tiles.class_names, map(int, tiles.class_counts()), strict=True))
    height, width = tiles.size
    context.say(
        pairs(
            (
                ("name", kept.name),
                ("title", kept.title),
                ("licence", known.licence if known else None),
                (
                    "scene",
                    f"{kept.extent[0]}×{kept.extent[1]} pixels" if kept.extent else None,
                ),
                (
                    "patches" if kept.extent else "tiles",
                    f"{len(tiles)} of {height}×{width} pixels, {tiles.bands} bands",
                ),
                ("synthetic", "yes" if tiles.synthetic else None),
                ("source", tiles.source),
                ("stored", f"{size(kept.bytes)}, {kept.imported}"),
                ("mean", _values(tiles.mean)),
                ("std", _values(tiles.std)),
                ("fingerprint", tiles.fingerprint),
            )
        )
    )
    context.say("")
    context.say(table(("class", "tiles"), counts.items()))
    splits = _splits(tiles, context) if kept.extent else {}
    return {
        **asdict(kept),
        "splits": splits,
        "licence": known.licence if known else "",
        "mean": tiles.mean,
        "std": tiles.std,
        "class_counts": counts,
    }


def _values(values: tuple[float, ...], most: int = 6) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:most])
    return shown + (f", … ({len(values)} bands)" if len(values) > most else "")


def _splits(tiles: Any, context: Context) -> dict[str, Any]:
    """What each split of a scene gives with seed 0, and how near its parts lie."""
    from lcc_core.data.spatial import nearest, touching
    from lcc_core.data.splits import make_split, protocols

    found: dict[str, Any] = {}
    for protocol in protocols(tiles):
        try:
            split = make_split(tiles, protocol)
        except LccError as error:
            found[protocol] = {"error": error.what}
            continue
        found[protocol] = {
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
            "distance": nearest(tiles, split.train, split.test),
            "touching": touching(tiles, split.train, split.test),
        }
    heads = ("split", "train", "validation", "test", "distance", "share pixels")
    rows = [
        (name, one["train"], one["validation"], one["test"], one["distance"],
         percent(one["touching"]))
        for name, one in found.items()
        if "error" not in one
    ]  # fmt: skip
    context.say("")
    context.say(table(heads, rows))
    for one in found.values():
        if "error" in one:
            context.say(one["error"])
    return found


def _arrived(_: TilesTask, result: dict[str, Any], context: Context) -> None:
    height, width = result["size"]
    context.say(
        f"{result['name']}: {result['tiles']} tiles of {height}×{width} in "
        f"{len(result['class_names'])} classes, in {duration(result['seconds'])}."
    )
