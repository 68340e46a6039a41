"""``lcc coreset``, ``lcc coresets`` and ``lcc coreset-study``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from typing import Any

from lcc_core.commands.context import Context, Timer
from lcc_core.commands.options import add_entries, add_options, config_of, given
from lcc_core.commands.text import duration, integers, numbers, pairs, percent, size, table, words


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """Add the commands about coresets."""
    choosing = commands.add_parser(
        "coreset", parents=[after], help="choose which training tiles to keep"
    )
    choosing.add_argument("checkpoint", metavar="CKPT", help="whose scores choose; an id, or part")
    choosing.when_used(partial(_methods, choosing))
    choosing.add_argument("--out", default="", metavar="NAME", help="default: says what it is")
    choosing.set_defaults(run=coreset, home_is="written")

    command = commands.add_parser("coresets", parents=[after], help="what has been chosen")
    command.add_argument("--delete", metavar="NAME", help="forget one")
    command.set_defaults(run=coresets, home_is="read")

    command = commands.add_parser(
        "coreset-study", parents=[after], help="train, choose, train on it, compress, measure"
    )
    command.add_argument("--data", required=True, metavar="D")
    command.add_argument("--arch", required=True, type=words, metavar="A,…")
    command.add_argument(
        "--methods", type=words, metavar="M,…", help="random, balanced-random, forgetting, …"
    )
    command.add_argument(
        "--fractions", type=numbers, metavar="F,…", help="default 1,0.1,0.05; 1: all tiles"
    )
    command.add_argument("--seeds", type=integers, metavar="S,…", help="default 0")
    command.add_argument(
        "--split",
        metavar="T/V/T",
        help="64/16/20 (default), 80/20, 70/30, …; of a scene also blocks-30/10/60",
    )
    command.add_argument(
        "--source", metavar="CKPT", help="whose scores choose; default: each architecture's own"
    )
    command.add_argument("--preset", default="default", metavar="P", help="a named recipe")
    command.add_argument("--epochs", type=int, metavar="N", help="of every training")
    command.add_argument("--batch", type=int, metavar="N")
    command.add_argument("--rate", type=float, metavar="R")
    command.add_argument("--weights", metavar="W", help="none or imagenet")
    command.add_argument("--class-weights", action="store_true", help="rare classes count more")
    command.add_argument(
        "--equal-steps",
        action="store_true",
        help="train coresets for as many steps as all tiles, not as many epochs",
    )
    command.add_argument(
        "--aum", metavar="logits|probabilities", help="ccs: the area under the margin (logits)"
    )
    command.add_argument("--bits", type=integers, metavar="B,…", help="default 32,4")
    command.add_argument("--k", type=numbers, metavar="K,…", help="default 0")
    command.add_argument("--search", type=words, metavar="M,…", help="laq, lap, laq+lap, size")
    command.add_argument("--t-margin", type=float, metavar="T", help="points a layer may cost")
    command.add_argument("--tiles", type=int, metavar="N", help="search on N tiles (0: all)")
    command.add_argument("--paper", action="store_true", help="the papers' quantizer")
    command.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps")
    command.set_defaults(run=coreset_study, home_is="written")


def _methods(command: argparse.ArgumentParser) -> None:
    """The options that all methods share, and those of each."""
    from lcc_core.coresets.methods import METHODS
    from lcc_core.coresets.selection import CoresetSettings

    add_options(command, CoresetSettings)
    add_entries(command, METHODS)


def coreset(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Choose a coreset and store it."""
    from lcc_core.coresets import METHODS, CoresetSettings, choose_coreset
    from lcc_core.coresets.coreset import save_coreset
    from lcc_core.coresets.selection import DEFAULT_METHOD, settled
    from lcc_core.files import check_name

    said = given(arguments, CoresetSettings)
    method = METHODS[said.get("method", DEFAULT_METHOD)]
    settings = CoresetSettings(**said, own=config_of(arguments, method, METHODS))
    if arguments.out:
        check_name(arguments.out)
    checkpoint = context.workspace.checkpoint(arguments.checkpoint)
    tiles = context.workspace.tiles(checkpoint.data, context.hooks)
    split = context.workspace.split(checkpoint)
    timer = Timer()
    made = choose_coreset(checkpoint, tiles, split, settings, arguments.out)
    seconds = timer.seconds
    save_coreset(context.home, made)
    fallback = settled(settings, made.settings)
    context.say(
        pairs(
            [
                ("coreset", made.name),
                ("method", settings.title),
                ("tiles", f"{len(made.ids):,} of {made.of:,} in {seconds:.2f} s"),
                ("scored in", f"{duration(checkpoint.seconds)}: the training of {checkpoint.id}"),
                ("", fallback),
                *((f"  {name}", count) for name, count in made.class_counts.items()),
            ]
        )
    )
    context.say(f"\nTrain on it: lcc train --coreset {made.name} --arch {checkpoint.arch}")
    told = {"class_counts": made.class_counts, "seconds": seconds, "note": fallback}
    return _summary(made) | told | {"scoring_seconds": checkpoint.seconds}


def _summary(one: Any) -> dict[str, Any]:
    return one.facts() | {"data": one.data, "created": one.created}


def coresets(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """List what is stored, after deleting one if asked to."""
    from lcc_core.coresets.coreset import delete_coreset, list_coresets

    if arguments.delete:
        delete_coreset(context.home, arguments.delete)
    found = list_coresets(context.home)
    skipped = context.skipped(found.unreadable, "stored coreset")
    heads = ("name", "data", "method", "kept", "tiles", "seed", "from", "created")
    rows = [
        (
            one.name,
            one.data,
            one.settings.title,
            percent(one.settings.fraction),
            len(one.ids),
            one.settings.seed,
            one.source,
            one.created,
        )
        for one in found
    ]
    context.say(
        table(heads, rows)
        if rows
        else "There are no coresets yet. Choose one: lcc coreset CHECKPOINT --method forgetting"
    )
    return {"coresets": [_summary(one) for one in found], "unreadable": skipped}


def coreset_study(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.coreset_study import CoresetStudy, run_coreset_study, summarize

    recipe = {name: getattr(arguments, name) for name in RECIPE}
    recipe["class_weights"] = arguments.class_weights or None
    chosen = {
        "archs": arguments.arch,
        "protocol": arguments.split,
        "searches": arguments.search,
        **{name: getattr(arguments, name) for name in STUDY},
        "recipe": {name: value for name, value in recipe.items() if value is not None},
    }
    study = CoresetStudy(**{name: value for name, value in chosen.items() if value is not None})
    rows = run_coreset_study(study, context.home, arguments.device, context.hooks)
    means = summarize(rows)
    heads = (
        "arch", "tiles", "kept", "plan", "test accuracy", "spread", "seeds", "size", "real",
        "steps", "trained in", "scored in",
    )  # fmt: skip
    context.say(
        table(
            heads,
            (
                (
                    mean.arch,
                    mean.method,
                    percent(mean.fraction),
                    mean.plan,
                    percent(mean.oa),
                    "–" if mean.spread is None else percent(mean.spread),
                    mean.seeds,
                    size(mean.bytes),
                    f"{mean.real_ratio:.1f}×",
                    f"{mean.steps:,.0f}",
                    duration(mean.train_s),
                    "–" if mean.scoring_s is None else duration(mean.scoring_s),
                )
                for mean in means
            ),
        )
    )
    context.say("\nScored in: the training on all tiles whose scores chose; random needs none.")
    return {"rows": [row.to_json() for row in rows], "means": [asdict(mean) for mean in means]}


RECIPE = ("preset", "epochs", "batch", "rate", "weights")
STUDY = (
    "data", "methods", "fractions", "seeds", "source", "bits", "k", "t_margin", "tiles", "paper",
    "equal_steps", "aum",
)  # fmt: skip
