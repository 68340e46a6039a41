"""``lcc study``: a grid written down once, run, watched and taken away."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.output import output_text, send
from lcc_core.commands.text import duration, pairs, percent, size, table
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    group = commands.add_parser("study", parents=[after], help="hundreds of settings at once")
    verbs = group.add_subparsers(title="what", dest="verb", metavar="WHAT", required=True)

    command = verbs.add_parser("run", parents=[after], help="all its points that are missing")
    command.add_argument("study", metavar="FILE.toml", help="a file, a known study or a preset")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    command.add_argument("--backend", default="loky", metavar="loky|dask", help="default loky")
    command.add_argument("--scheduler", default="", metavar="tcp://…", help="of a Dask cluster")
    command.add_argument(
        "--share",
        default="path",
        metavar="path|scatter",
        help="Dask workers see this home, or are sent what they need (path)",
    )
    command.add_argument("--dry-run", action="store_true", help="only say what there is to do")
    command.set_defaults(run=run, home_is="written")

    command = verbs.add_parser("status", parents=[after], help="how far studies are")
    command.add_argument("study", nargs="?", metavar="STUDY", help="its id or name; default all")
    command.set_defaults(run=status, home_is="read")

    command = verbs.add_parser("show", parents=[after], help="its points and what came of them")
    command.add_argument("study", metavar="STUDY")
    command.add_argument("--front", action="store_true", help="only what no other one beats")
    command.add_argument("--toml", action="store_true", help="the study itself, as a file")
    command.set_defaults(run=show, home_is="read")

    command = verbs.add_parser("export", parents=[after], help="CSV, Parquet or an HTML report")
    command.add_argument("study", metavar="STUDY")
    command.add_argument("--out", required=True, metavar="FILE", help=".csv, .parquet or .html")
    command.set_defaults(run=export, home_is="read")

    command = verbs.add_parser("pause", parents=[after], help="stop its runners; run goes on")
    command.add_argument("study", metavar="STUDY")
    command.set_defaults(run=pause, home_is="written")

    command = verbs.add_parser("forget", parents=[after], help="the list; its rows stay")
    command.add_argument("study", metavar="STUDY")
    command.set_defaults(run=forget, home_is="written")

    command = verbs.add_parser("presets", parents=[after], help="the tables of the papers")
    command.set_defaults(run=presets, home_is="read")


def run(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.estimate import estimate
    from lcc_core.studies.runner import Options, run_study
    from lcc_core.studies.status import graph_of, tile_counts

    study = _study(arguments.study, context)
    if arguments.dry_run:
        graph = graph_of(context.home, study)
        guess = estimate(context.home, graph, arguments.jobs, tile_counts(context.home))
        context.say(
            f"{len(graph.points)} points, {guess.missing} of them missing, in {len(graph.steps)} "
            f"steps; {'very roughly' if guess.rough else 'about'} {duration(guess.seconds)} with "
            f"{arguments.jobs} jobs."
        )
        steps = {step.kind: graph.count(step.kind) for step in graph.steps.values()}
        return {
            "id": study.id, "points": len(graph.points), "missing": guess.missing,
            "seconds": guess.seconds, "rough": guess.rough, "steps": steps,
        }  # fmt: skip
    options = Options(arguments.jobs, arguments.backend, arguments.scheduler, arguments.share)
    done = run_study(study, context.home, options, context.hooks)
    context.say(
        pairs(
            (
                ("study", f"{study.name} ({done.id})"),
                ("points", f"{done.points}: {done.found} were there, {done.made} are new"),
                ("failed", f"{done.failed}; see lcc study show {done.id}" if done.failed else ""),
                ("took", duration(done.seconds)),
            )
        )
    )
    return asdict(done) | {"name": study.name}


def _study(name: str, context: Context) -> Any:
    """From a file, else a known study, else a preset."""
    from lcc_core.studies import folder
    from lcc_core.studies.presets import PRESETS, preset
    from lcc_core.studies.spec import read_study

    path = Path(name).expanduser()
    if path.suffix == ".toml" or path.is_file():
        return read_study(path)
    try:
        return folder.find(context.home, name).study
    except LccError:
        if name in PRESETS:
            return preset(name)
        raise


def status(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies import folder
    from lcc_core.studies.status import standing

    home = context.home
    every = folder.studies(home)
    chosen = [folder.find(home, arguments.study)] if arguments.study else every
    skipped = context.skipped(every.unreadable, "stored study")
    found = [standing(home, one) for one in chosen]
    context.say(
        table(
            ("id", "name", "state", "points", "done", "failed", "steps"),
            (
                (
                    one.id,
                    one.name,
                    one.state,
                    one.points,
                    one.done,
                    one.failed,
                    ", ".join(f"{kind} {a}/{b}" for kind, (a, b) in one.steps.items()),
                )
                for one in found
            ),
        )
        if found
        else "There are no studies. Write one down: lcc study presets"
    )
    answer = [asdict(one) | {"state": one.state} for one in found]
    return {"studies": answer, "unreadable": skipped}


def show(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.reports.study import notes, on_front
    from lcc_core.studies import folder
    from lcc_core.studies.status import rows

    found = folder.find(context.home, arguments.study)
    if arguments.toml:
        context.say(found.study.to_toml().rstrip())
        return {"toml": found.study.to_toml()}
    every = rows(context.home, found)
    skipped = context.skipped(every.unreadable, "file of its points")
    best = on_front(every)
    if arguments.front:
        chosen = [row for row in every if row.id in best]
    else:
        chosen = list(every)
    lines = []
    for row in chosen:
        one = row.row.measurement if row.row else None
        lines.append(
            (
                "*" if row.id in best else "",
                row.point.title,
                percent(one.validation_oa) if one else "–",
                percent(one.oa) if one else row.state,
                (row.row.chosen_on if row.row else "") or "–",
                size(one.bytes) if one else "–",
                f"{one.real_ratio:.1f}×" if one else "–",
                row.error,
            )
        )
    heads = ("front", "point", "validation", "test", "chosen on", "size", "real", "")
    context.say(table(heads, lines))
    if told := notes(every):
        context.say(f"\n{told}")
    flats = [row.flat() | {"front": row.id in best} for row in chosen]
    return {"id": found.id, "rows": flats, "unreadable": skipped}


def export(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.reports.study import check_format, content
    from lcc_core.studies import folder
    from lcc_core.studies.status import rows

    check_format(Path(arguments.out))
    out = output_text(arguments.out, context)
    found = folder.find(context.home, arguments.study)
    every = rows(context.home, found)
    skipped = context.skipped(every.unreadable, "file of its points")
    written = content(found, every, out)
    send(out, written)
    context.say(f"{len(every)} points written to {out} ({size(len(written))}).")
    return {"out": str(out), "points": len(every), "bytes": len(written), "unreadable": skipped}


def pause(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies import folder

    found = folder.find(context.home, arguments.study)
    folder.pause(found.path)
    context.say(f"{found.study.name} rests after the steps it is in; lcc study run {found.id}")
    return {"id": found.id, "paused": True}


def forget(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies import folder

    found = folder.find(context.home, arguments.study)
    folder.forget(found)
    context.say(f"{found.study.name} is forgotten. What it measured stays in the results.")
    return {"id": found.id, "forgotten": True}


def presets(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.graph import expand
    from lcc_core.studies.presets import OPEN, PRESETS, preset

    rows = [(name, len(expand(preset(name)).points), what) for name, (what, _) in PRESETS.items()]
    context.say(table(("preset", "points", "what it shows"), rows))
    for name, what in OPEN.items():
        context.say(f"\n{name}: {what}")
    context.say("\nRun one: lcc study run PRESET, or write your own file (see docs/GUIDE.md).")
    return {
        "presets": [
            {"name": n, "points": c, "what": w, "open": OPEN.get(n, "")} for n, c, w in rows
        ]
    }
