"""``lcc jobs``: what runs, waits and has ended."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from typing import Any

from lcc_core import jobs
from lcc_core.commands.context import Context
from lcc_core.commands.text import duration, table
from lcc_core.errors import Cancelled, LccError
from lcc_core.plaintext import visible

FOLLOW_S = 0.3


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "jobs", parents=[after], help="what runs, waits and has ended; cancel, resume, clear"
    )
    one = command.add_mutually_exclusive_group()
    one.add_argument("--cancel", metavar="ID", help="stop it between two steps; again: at once")
    one.add_argument("--resume", metavar="ID", help="go on with it here, until it ends")
    one.add_argument(
        "--clear", metavar="ID", nargs="?", const="", help="forget it; without ID all that ended"
    )
    command.set_defaults(run=run, home_is="read")


def run(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    if arguments.cancel:
        found = jobs.cancel(context.home, _find(context, arguments.cancel).id)
        context.say(f"{visible(found.title)}: {'stopping' if found.live else found.state}.")
    elif arguments.resume:
        return _follow(jobs.resume(context.home, _find(context, arguments.resume).id), context)
    elif arguments.clear:
        jobs.clear(context.home, _find(context, arguments.clear).id)
    elif arguments.clear is not None:
        jobs.clear_ended(context.home)
    found = jobs.jobs(context.home)
    skipped = context.skipped(found.unreadable, "stored job")
    context.say(
        table(("id", "state", "done", "took", "asked for", "what"), map(_row, found))
        if found
        else "There are no jobs. Training and searches that the dashboard starts show up here."
    )
    if texts := [visible(f"{one.title}: {one.error}") for one in found if one.error]:
        context.say("\n" + "\n".join(texts))
    return {"jobs": [_facts(one) for one in found], "unreadable": skipped}


def _find(context: Context, wanted: str) -> jobs.Job:
    """By its id, or by an end of it that no other has."""
    found = [one for one in jobs.jobs(context.home) if one.id.endswith(wanted)]
    if len(found) != 1:
        raise LccError(
            f"{len(found) or 'No'} jobs have an id that ends in {wanted!r}.",
            "`lcc jobs` lists them.",
        )
    return found[0]


def _follow(job: jobs.Job, context: Context) -> dict[str, Any]:
    """A job ends with the process that started it, so this one stays until then."""
    said = None
    while job.live:
        if job.progress and job.progress != said:
            said = job.progress
            context.progress(said)
        if context.stop():
            jobs.cancel(context.home, job.id)
        time.sleep(FOLLOW_S)
        job = jobs.job(context.home, job.id)
    if job.state == jobs.FAILED:
        raise LccError(f"{job.title} failed.", job.error)
    if job.state != jobs.DONE:
        raise Cancelled()
    context.say(f"{visible(job.title)}: done in {duration(job.seconds or 0.0)}.")
    return _facts(job) | {"result": job.result}


def _row(job: jobs.Job) -> tuple[str, ...]:
    report = job.progress
    share = f"{100 * report.done / report.total:.0f} %" if report and report.total else "–"
    took = duration(job.seconds) if job.seconds is not None else "–"
    asked = datetime.fromisoformat(job.created).astimezone()
    return (job.id, job.state, share, took, f"{asked:%Y-%m-%d %H:%M}", job.title)


def _facts(job: jobs.Job) -> dict[str, Any]:
    report = job.progress
    return {
        "id": job.id,
        "title": job.title,
        "command": job.words,
        "task": job.task.to_json() if job.task else None,
        "state": job.state,
        "created": job.created,
        "seconds": job.seconds,
        "stage": report.stage if report else None,
        "done": report.done if report else None,
        "total": report.total if report else None,
        "eta_s": report.eta_s if report else None,
        "message": report.message if report else "",
        "error": job.error,
    }
