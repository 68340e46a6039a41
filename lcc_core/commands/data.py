"""``lcc data``: what tiles are here, and how they get here."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from typing import Any

from lcc_core.commands.context import Context, Timer
from lcc_core.commands.text import integers, names, pairs, percent, size, table, words
from lcc_core.errors import LccError
from lcc_core.units import parse_size


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """Add ``lcc data`` and what stands behind it."""
    group = commands.add_parser(
        "data", parents=[after], help="list, import, download and describe data sets"
    )
    kinds = group.add_subparsers(title="commands", dest="what", metavar="WHAT", required=True)

    command = kinds.add_parser("list", parents=[after], help="known and stored data sets")
    command.set_defaults(run=list_sets, home_is="read")

    command = kinds.add_parser(
        "import", parents=[after], help="import a zip archive, a folder, or a scene"
    )
    command.add_argument(
        "name", metavar="NAME", help="of a known set (`lcc data list`), or one of your own"
    )
    command.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="tiles: a zip archive or a folder of class folders; a scene: its cube and its label "
        "map",
    )
    command.when_used(partial(_formats, command))
    command.add_argument("--size", type=int, metavar="PIXELS", help="resize tiles to this side")
    _scene(command)
    _limit(command)
    command.add_argument(
        "--keys", type=words, metavar="CUBE,LABELS", help="which arrays of the .mat files"
    )
    command.set_defaults(run=import_set, home_is="written")

    command = kinds.add_parser(
        "surrogate", parents=[after], help="draw a scene from a label map and some real spectra"
    )
    command.add_argument("name", metavar="NAME", help="what to call it")
    command.add_argument("labels", metavar="LABELS", help="the label map")
    command.add_argument("spectra", metavar="SPECTRA", help="spectra × bands")
    command.add_argument("of", metavar="CLASSES", help="the class of every spectrum, from 1")
    command.add_argument(
        "--order", type=integers, metavar="N,…", help="the label map's number of each class"
    )
    command.add_argument("--like", metavar="NAME", help="classes and colours of a known scene")
    command.add_argument("--seed", type=int, default=0, metavar="S")
    _scene(command)
    _limit(command)
    command.set_defaults(run=surrogate, home_is="written")

    command = kinds.add_parser("info", parents=[after], help="classes, sizes and origin of a set")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=info)

    command = kinds.add_parser("download", parents=[after], help="download a known data set")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=download, home_is="written")


def _formats(command: argparse.ArgumentParser) -> None:
    """Tell what is read, at the end of the help."""
    from lcc_core.data.readers import READERS

    told = (
        f"{reader.name} ({' or '.join(reader.reads)}: {' '.join(reader.endings)}): {reader.summary}"
        for reader in READERS
    )
    command.epilog = f"Formats. {' '.join(told)}"


def _scene(command: argparse.ArgumentParser) -> None:
    command.add_argument("--patch", type=int, metavar="PIXELS", help="side of patches (11)")
    command.add_argument(
        "--classes",
        type=names,
        metavar="NAME,…",
        help="names in the order of the numbers; with commas in them, a JSON list or a .json file",
    )
    command.add_argument(
        "--without", type=names, metavar="NAME,…", help="classes to leave out, written likewise"
    )
    command.add_argument(
        "--rgb", type=integers, metavar="R,G,B", help="bands of the picture, from 0"
    )


def _limit(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--limit",
        type=parse_size,
        metavar="SIZE",
        help="most that the set may take unpacked, as 20GB (8GB; of small files less)",
    )


def list_sets(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    """List the known and the stored sets."""
    from lcc_core.data.catalog import DATASETS, stored

    every = stored(context.home)
    skipped = context.skipped(every.unreadable, "stored data set")
    here = {info.name: info for info in every}
    rows, sets = [], []
    for name in [*DATASETS.names(), *(n for n in here if n not in DATASETS)]:
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


def import_set(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Import tiles from one path, or a scene from two."""
    from lcc_core.data.catalog import import_files, import_tiles

    timer = Timer()
    if len(arguments.paths) > 2:
        raise LccError(
            f"{len(arguments.paths)} files are named.",
            "Name one archive or folder of tiles, or the cube and the label map of a scene.",
        )
    if len(arguments.paths) == 2:
        if arguments.size is not None:
            raise LccError("--size is for tiles.", "Patches of a scene are as large as --patch.")
        tiles = import_files(
            arguments.name,
            *arguments.paths,
            context.home,
            _scene_choice(arguments),
            limit=arguments.limit,
        )
        return _arrived(tiles, timer, context)
    for option in ("patch", "keys", "classes", "without", "rgb"):
        if getattr(arguments, option) is not None:
            raise LccError(
                f"--{option} is for scenes, and one path is named.",
                "Name the cube and the label map.",
            )
    tiles = import_tiles(
        arguments.name,
        arguments.paths[0],
        context.home,
        size=arguments.size,
        hooks=context.hooks,
        limit=arguments.limit,
    )
    return _arrived(tiles, timer, context)


def _scene_choice(arguments: argparse.Namespace) -> Any:
    from lcc_core.data.scenes import SceneChoice

    options = ("patch", "keys", "classes", "without", "rgb")
    given = {name: getattr(arguments, name, None) for name in options}
    return SceneChoice(**{name: value for name, value in given.items() if value is not None})


def surrogate(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Draw a synthetic scene from files."""
    from lcc_core.data.catalog import Surrogate, draw_surrogate

    timer = Timer()
    drawn = Surrogate(
        arguments.labels,
        arguments.spectra,
        arguments.of,
        arguments.order or (),
        arguments.like or "",
        arguments.seed,
    )
    choice = _scene_choice(arguments)
    tiles = draw_surrogate(arguments.name, drawn, context.home, choice, limit=arguments.limit)
    return _arrived(tiles, timer, context)


def download(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Download a known set and import it."""
    from lcc_core.data.catalog import download_tiles

    timer = Timer()
    tiles = download_tiles(arguments.name, context.home, hooks=context.hooks)
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
