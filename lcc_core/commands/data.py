"""``lcc data``: what tiles are here, and how they get here."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context, Timer
from lcc_core.commands.text import pairs, size, table


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    group = commands.add_parser(
        "data", parents=[after], help="list, import, download and describe data sets"
    )
    kinds = group.add_subparsers(title="commands", dest="what", metavar="WHAT", required=True)

    command = kinds.add_parser("list", parents=[after], help="known and stored data sets")
    command.set_defaults(run=list_sets)

    command = kinds.add_parser("import", parents=[after], help="import a zip archive or a folder")
    command.add_argument("name", metavar="NAME", help="eurosat, ucmerced or a name of your own")
    command.add_argument("path", metavar="PATH", help="a zip archive or a folder of class folders")
    command.add_argument("--size", type=int, metavar="PIXELS", help="resize tiles to this side")
    command.set_defaults(run=import_set)

    command = kinds.add_parser("info", parents=[after], help="classes, sizes and origin of a set")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=info)

    command = kinds.add_parser("download", parents=[after], help="download a known data set")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=download)


def list_sets(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.data.catalog import DATASETS, stored

    here = {info.name: info for info in stored(context.home)}
    rows, sets = [], []
    for name in [*DATASETS, *(n for n in here if n not in DATASETS)]:
        known, kept = DATASETS.get(name), here.get(name)
        title = known.title if known else kept.title
        entry: dict[str, Any] = {"name": name, "title": title, "stored": kept is not None}
        if kept:
            entry |= asdict(kept)
        sets.append(entry)
        rows.append(
            (
                name,
                title,
                kept.tiles if kept else known.tiles,
                kept.classes if kept else len(known.classes),
                size(kept.bytes) if kept else "–",
                _state(name, kept is not None),
            )
        )
    context.say(table(("name", "title", "tiles", "classes", "stored", "state"), rows))
    return {"data": sets}


def _state(name: str, here: bool) -> str:
    if here:
        return "ready"
    if name == "demo":
        return "drawn on first use"
    return f"lcc data import {name} PATH"


def info(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.data.catalog import DATASETS, load_tiles, stored

    tiles = load_tiles(arguments.name, context.home, context.progress)
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
                ("tiles", f"{len(tiles)} of {height}×{width} pixels, {tiles.bands} bands"),
                ("synthetic", "yes" if tiles.synthetic else None),
                ("source", tiles.source),
                ("stored", f"{size(kept.bytes)}, {kept.imported}"),
                ("mean", ", ".join(f"{value:.3f}" for value in tiles.mean)),
                ("std", ", ".join(f"{value:.3f}" for value in tiles.std)),
                ("fingerprint", tiles.fingerprint),
            )
        )
    )
    context.say("")
    context.say(table(("class", "tiles"), counts.items()))
    return {
        **asdict(kept),
        "licence": known.licence if known else "",
        "mean": tiles.mean,
        "std": tiles.std,
        "class_counts": counts,
    }


def import_set(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.data.catalog import import_tiles

    timer = Timer()
    tiles = import_tiles(
        arguments.name,
        arguments.path,
        context.home,
        size=arguments.size,
        on_progress=context.progress,
        should_stop=context.stop,
    )
    return _arrived(tiles, timer, context)


def download(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.data.catalog import download_tiles

    timer = Timer()
    tiles = download_tiles(
        arguments.name, context.home, on_progress=context.progress, should_stop=context.stop
    )
    return _arrived(tiles, timer, context)


def _arrived(tiles: Any, timer: Timer, context: Context) -> dict[str, Any]:
    height, width = tiles.size
    context.say(
        f"{tiles.name}: {len(tiles)} tiles of {height}×{width} in {len(tiles.class_names)} "
        f"classes, in {timer}."
    )
    return {
        "name": tiles.name,
        "tiles": len(tiles),
        "size": [height, width],
        "bands": tiles.bands,
        "class_names": tiles.class_names,
        "fingerprint": tiles.fingerprint,
        "seconds": timer.seconds,
    }
