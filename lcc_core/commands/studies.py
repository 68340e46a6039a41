"""``lcc study``: a grid written down once, run, watched and taken away."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcc_core.commands.context import Context
from lcc_core.commands.output import output_text, send
from lcc_core.commands.study_choice import add_changes, chosen_study
from lcc_core.commands.study_means import add_summary
from lcc_core.commands.tasks import add_task, asked, done
from lcc_core.commands.text import duration, pairs, percent, size, table
from lcc_core.tasks.studies import StudyTask

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    group = commands.add_parser("study", parents=[after], help="hundreds of settings at once")
    verbs = group.add_subparsers(title="what", dest="verb", metavar="WHAT", required=True)

    command = add_task(verbs, after, StudyTask, _ran)
    command.add_argument("--dry-run", action="store_true", help="only say what there is to do")
    add_changes(command)
    command.set_defaults(run=run)

    command = verbs.add_parser("status", parents=[after], help="how far studies are")
    command.add_argument("study", nargs="?", metavar="STUDY", help="its id or name; default all")
    command.set_defaults(run=status, home_is="read")

    command = verbs.add_parser("show", parents=[after], help="its points and what came of them")
    command.add_argument("study", metavar="STUDY")
    command.add_argument("--front", action="store_true", help="only what no other one beats")
    command.add_argument("--toml", action="store_true", help="the study itself, as a file")
    command.set_defaults(run=show, home_is="read")

    add_summary(verbs, after)

    command = verbs.add_parser("export", parents=[after], help="CSV, Parquet or an HTML report")
    command.add_argument("study", metavar="STUDY")
    command.add_argument("--means", action="store_true", help="means over seeds, not every point")
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
    from lcc_core.studies import folder

    task = asked(arguments)
    study, changed = chosen_study(arguments, context)
    if arguments.dry_run:
        return _estimated(study, task.jobs, context)
    if changed:  # it is another study, which is found by its id from now on
        task = replace(task, study=folder.save(context.home, study).id)
    return done(task, context)


def _estimated(study: Study, jobs: int, context: Context) -> dict[str, Any]:
    from lcc_core.studies.estimate import estimate
    from lcc_core.studies.status import graph_of, tile_counts

    graph = graph_of(context.home, study)
    guess = estimate(context.home, graph, jobs, tile_counts(context.home))
    context.say(
        f"{len(graph.points)} points, {guess.missing} of them missing, in {len(graph.steps)} "
        f"steps; {'very roughly' if guess.rough else 'about'} {duration(guess.seconds)} with "
        f"{jobs} jobs."
    )
    steps = {step.kind: graph.count(step.kind) for step in graph.steps.values()}
    return {
        "id": study.id, "points": len(graph.points), "missing": guess.missing,
        "seconds": guess.seconds, "rough": guess.rough, "steps": steps,
    }  # fmt: skip


def _ran(_: StudyTask, result: dict[str, Any], context: Context) -> None:
    failed = f"{result['failed']}; see lcc study show {result['id']}" if result["failed"] else ""
    context.say(
        pairs(
            (
                ("study", f"{result['name']} ({result['id']})"),
                ("points", "{points}: {found} were there, {made} are new".format(**result)),
                ("failed", failed),
                ("took", duration(result["seconds"])),
                ("means", f"lcc study summary {result['id']}"),
            )
        )
    )


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
    chosen = [row for row in every if row.id in best or not arguments.front]
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
    from lcc_core.reports.study import check_format, content, means_content
    from lcc_core.studies import folder
    from lcc_core.studies.status import rows

    check_format(Path(arguments.out))
    out = output_text(arguments.out, context)
    found = folder.find(context.home, arguments.study)
    every = rows(context.home, found)
    skipped = context.skipped(every.unreadable, "file of its points")
    write = means_content if arguments.means else content
    written = write(found, every, out)
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
