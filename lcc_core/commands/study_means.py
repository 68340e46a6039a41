"""``lcc study summary``: means over seeds, and how much a random split flatters."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.text import table, words

NOTE = (
    "Mean ± standard deviation over n repetitions. Scoring: the training on all tiles whose scores "
    "chose; random needs none."
)
BY = "the axes in which alike points are equal; default all but the seed"


def add_summary(verbs: Any, after: argparse.ArgumentParser) -> None:
    command = verbs.add_parser(
        "summary", parents=[after], help="means ± standard deviation over the seeds"
    )
    command.add_argument("study", metavar="STUDY")
    command.add_argument("--by", type=words, default=(), metavar="AXIS,…", help=BY)
    command.set_defaults(run=summary, home_is="read")


def summary(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.results.flattery import flattery
    from lcc_core.studies import folder
    from lcc_core.studies.answers import answered
    from lcc_core.studies.means import means
    from lcc_core.studies.means import table as of_means
    from lcc_core.studies.status import rows

    found = folder.find(context.home, arguments.study)
    every = rows(context.home, found)
    skipped = context.skipped(every.unreadable, "file of its points")
    made = means(every, arguments.by)
    heads, lines = of_means(made)
    context.say(table(heads, lines) if made else f"Nothing of {found.study.name} is measured yet.")
    if made:
        context.say(
            "\nMean ± standard deviation over n repetitions. Scoring: of the training on all"
        )
        context.say("tiles whose scores chose; random needs none.")
    gaps = flattery(answered(context.workspace, every)) if found.study.common.answers else []
    if gaps:
        _say_flattery(context, gaps)
    return {
        "id": found.id,
        "means": [one.flat() for one in made],
        "flattery": [asdict(one) for one in gaps],
        "unreadable": skipped,
    }


def _say_flattery(context: Context, gaps: list[Any]) -> None:
    context.say("\nHow much the random split flatters, on the test pixels of both:\n")
    context.say(
        table(
            ("model", "plan", "random less disjoint", "OA", "AA", "κ", "pixels", "own OA", "n"),
            (
                (
                    one.model,
                    one.plan,
                    f"{one.random} − {one.disjoint}",
                    f"{100 * one.oa:+.2f}",
                    f"{100 * one.aa:+.2f}",
                    f"{one.kappa:+.3f}",
                    f"{one.pixels:,.0f}",
                    f"{100 * one.own_oa:+.2f}",
                    one.seeds,
                )
                for one in gaps
            ),
        )
    )
    context.say("\nown OA: each on its own test part, which may be the harder one.")
