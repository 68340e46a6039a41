"""``lcc distil``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from lcc_core.commands.channels import recipe_options
from lcc_core.commands.context import Context
from lcc_core.commands.text import percent
from lcc_core.commands.training import select_on, summary, training_report
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "distil", parents=[after], help="let a small student learn from a large teacher"
    )
    option = command.add_argument
    option("--teacher", metavar="CKPT", help="a checkpoint; with --mode online also an arch")
    option("--arch", metavar="A", help="the student, from scratch")
    option("--student", metavar="CKPT", help="the student starts from this checkpoint")
    option("--ratio", type=float, metavar="R", help="the student is the teacher, narrowed by R")
    option("--criterion", default="norm", metavar="norm|l1|l2|random", help="of --ratio (norm)")
    option("--mode", default="offline", metavar="offline|online|self", help="default offline")
    option("--tau", type=float, default=4.0, metavar="T", help="temperature (4)")
    option("--weight", type=float, default=0.5, metavar="W", help="of the teacher, 0…1 (0.5)")
    option("--epochs", type=int, metavar="N")
    option("--loss", metavar="L", help="cross-entropy (default), mining or mining-wide")
    recipe_options(command)
    option("--coreset", metavar="NAME", help="the student learns from its tiles alone")
    option("--data", metavar="D", help="where no checkpoint and no coreset names one")
    option("--split", metavar="T/V/T", help="with --data: 64/16/20 (default), 80/20 or 70/30")
    select_on(command)
    option("--resume", action="store_true", help="a run that was trained is returned at once")
    command.set_defaults(run=distil, home_is="written")


def distil(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.models import ARCHITECTURES
    from lcc_core.training import make_recipe, train, train_anew
    from lcc_core.training.distil import Distil

    teacher, name = None, arguments.teacher or ""
    if name and not (arguments.mode == "online" and name in ARCHITECTURES):
        teacher = context.workspace.checkpoint(name)
        name = teacher.id
    how = Distil(arguments.mode, name, arguments.tau, arguments.weight)
    arch, start = _student(arguments, context, teacher)
    names = ("preset", "epochs", "batch", "rate", "seed", "loss")
    chosen = {one: getattr(arguments, one) for one in names}
    make_recipe(arch, start=start, distil=how, **chosen)  # bad choices fail before tiles are read
    tiles, split = _tiles(arguments, context, teacher)
    recipe = make_recipe(arch, tiles=len(split.train), start=start, distil=how, **chosen)
    if start and arguments.rate is None and recipe.preset == "default":
        from lcc_core.training.finetuned import SLOWER

        recipe = replace(recipe, rate=recipe.rate * SLOWER)
    made = (train if arguments.resume else train_anew)(
        recipe, tiles, split, context.home, arguments.device, context.hooks
    )
    context.say(training_report(made))
    context.say(_taught(made))
    return summary(made) | {"log": made.log, "recipe": made.recipe}


def _student(arguments: argparse.Namespace, context: Context, teacher: Any) -> tuple[str, Any]:
    """The student's architecture and where it starts."""
    from lcc_core.channels import ChannelPruning
    from lcc_core.training.start import Start

    given = [o for o in ("arch", "student", "ratio") if getattr(arguments, o) is not None]
    if len(given) != 1:
        raise LccError(
            "The student is not clear." if given else "No student is named.",
            "Give one of --arch (from scratch), --student (a checkpoint) or --ratio (the teacher, "
            "narrowed).",
        )
    if arguments.arch:
        return arguments.arch, None
    if arguments.student:
        found = context.workspace.checkpoint(arguments.student)
        return found.arch, Start(found.id)
    if teacher is None:
        raise LccError("--ratio narrows the teacher, and none is named.", "Give --teacher CKPT.")
    if arguments.criterion == "attention":
        raise LccError(
            "Attention has to be trained first.",
            "Use `lcc prune-channels --criterion attention --teacher CKPT`.",
        )
    return teacher.arch, Start(
        teacher.id, ChannelPruning(arguments.criterion, arguments.ratio, seed=arguments.seed)
    )


def _tiles(arguments: argparse.Namespace, context: Context, teacher: Any) -> tuple[Any, Any]:
    """The tiles and the split of the checkpoints and the coreset, so that no test tile was ever
    learnt from."""
    from lcc_core.coresets.coreset import read_coreset
    from lcc_core.data.splits import DEFAULT_PROTOCOL, make_split, selected_on, split_name

    known = [teacher] if teacher else []
    known += [context.workspace.checkpoint(arguments.student)] if arguments.student else []
    facts = {
        f"Checkpoint {one.id}": (
            one.data, one.fingerprint, *split_name(one.split)
        )
        for one in known
    }  # fmt: skip
    coreset = read_coreset(context.home, arguments.coreset) if arguments.coreset else None
    if coreset:
        facts[f"The coreset {coreset.name!r}"] = (
            coreset.data, coreset.fingerprint, *split_name(coreset.split_facts)
        )  # fmt: skip
    if not facts:
        if not arguments.data:
            fix = "Give --data, --coreset, --teacher or --student."
            raise LccError("No data set is named.", fix)
        tiles = context.workspace.tiles(arguments.data, context.hooks)
        where = arguments.select_on or "validation"
        protocol = arguments.split or DEFAULT_PROTOCOL
        return tiles, make_split(tiles, protocol, arguments.seed, where)
    who, (data, _, protocol, seed, share) = next(iter(facts.items()))
    made_on = selected_on({"protocol": protocol, "seed": seed, "validation": share})
    for option, asked, fact in (
        ("--data", arguments.data, data),
        ("--split", arguments.split, protocol),
        ("--select-on", arguments.select_on, made_on),
    ):
        if asked not in (None, fact):
            raise LccError(
                f"{who} was made with {option} {fact}, not {asked}.",
                f"Leave {option} out: it is known.",
            )
    if len({one[1:] for one in facts.values()}) > 1:
        raise LccError(
            f"{' and '.join(facts)} are of other tiles or another split.",
            "Take those of the same data set and split: test tiles of one could be known to the "
            "other.",
        )
    tiles = context.workspace.tiles(data, context.hooks)
    return tiles, coreset.split(tiles) if coreset else context.workspace.split(known[0])


def _taught(made: Any) -> str:
    facts = made.made.get("teacher", {})
    trained = facts.get("trained") or facts.get("accuracy") or {}
    line = f"Student {percent(made.accuracy['test']['oa'])}"
    if "test" in trained:
        line += f", teacher ({facts['arch']}) {percent(trained['test']['oa'])}"
    if "start" in made.made:
        line += f", before {percent(made.made['start']['test']['oa'])}"
    return line + " of the test tiles."
