"""``lcc train``, ``lcc checkpoints`` and ``lcc importance``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.options import add_options, given
from lcc_core.commands.text import duration, percent, size, table
from lcc_core.compression.importance_weights import ImportanceWeights
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser("train", parents=[after], help="train an architecture")
    command.add_argument("--data", metavar="D", help="a data set: demo, eurosat, …")
    command.add_argument("--coreset", metavar="NAME", help="train on its tiles alone")
    command.add_argument(
        "--equal-steps",
        action="store_true",
        help="of a coreset: as many steps as the recipe has on all tiles, not as many epochs",
    )
    command.add_argument("--arch", required=True, metavar="A", help="compact, resnet18, …")
    command.add_argument("--preset", default="default", metavar="P", help="a named recipe")
    command.add_argument("--epochs", type=int, metavar="N")
    command.add_argument("--batch", type=int, metavar="N", help="tiles a step")
    command.add_argument("--rate", type=float, metavar="R", help="peak learning rate")
    command.add_argument("--schedule", metavar="S", help="onecycle, plateau, step or constant")
    command.add_argument("--clip", type=float, metavar="G", help="largest gradient norm; 0: none")
    command.add_argument("--augmentation", metavar="K", help="dihedral, flips or affine")
    command.add_argument("--weights", metavar="W", help="none or imagenet")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of weights and split")
    command.add_argument("--class-weights", action="store_true", help="rare classes count more")
    command.add_argument("--loss", metavar="L", help="cross-entropy, mining or mining-wide")
    command.add_argument(
        "--attention", action="store_true", help="with squeeze-excite gates, folded at the end"
    )
    command.add_argument(
        "--split",
        metavar="T/V/T",
        help="64/16/20 (default), 80/20, 70/30, …; of a scene also blocks-30/10/60",
    )
    select_on(command)
    command.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps")
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on after the last complete epoch of the same run; a finished run is returned",
    )
    command.add_argument(
        "--explain",
        action="store_true",
        help="train nothing: tell each value of the recipe and where it comes from",
    )
    command.set_defaults(run=train, home_is="written")

    command = commands.add_parser("checkpoints", parents=[after], help="what has been trained")
    command.set_defaults(run=checkpoints, home_is="read")

    command = commands.add_parser(
        "importance", parents=[after], help="how much each layer of a checkpoint matters"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    add_options(command, ImportanceWeights)
    command.set_defaults(run=importance, home_is="read")


def select_on(command: argparse.ArgumentParser) -> None:
    """How 80/20 and 70/30 are split; :func:`~lcc_core.data.splits.make_split` takes it."""
    command.add_argument(
        "--select-on",
        metavar="validation|test",
        help="test: leave 80/20 and 70/30 without a validation part, as the papers "
        "(default: validation, a fifth of their training part)",
    )


def train(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.results.training_cost import training_cost
    from lcc_core.training import make_recipe, train_anew
    from lcc_core.training import train as run
    from lcc_core.training.steps import with_equal_steps

    names = (
        "arch", "preset", "epochs", "batch", "rate", "schedule", "clip", "augmentation", "weights",
        "seed", "loss", "attention",
    )  # fmt: skip
    chosen = {name: getattr(arguments, name) for name in names}
    chosen["class_weights"] = arguments.class_weights or None
    asked = make_recipe(**chosen)  # bad choices fail before tiles are read
    if arguments.explain:
        return _explained(asked, context)
    data, split_of = _parts(arguments, context)
    tiles = context.workspace.tiles(data, context.hooks)
    split = split_of(tiles)
    if arguments.equal_steps and split.coreset is None:
        raise LccError("Equal steps are of a coreset.", "Name one with --coreset.")
    if arguments.equal_steps:
        whole = split.coreset["of"]
        recipe = with_equal_steps(make_recipe(tiles=whole, **chosen), whole, len(split.train))
    else:
        recipe = make_recipe(tiles=len(split.train), **chosen)
    checkpoint = (run if arguments.resume else train_anew)(
        recipe, tiles, split, context.home, arguments.device, context.hooks
    )
    cost = training_cost(context.home, checkpoint)
    scored = f", after {duration(cost.scoring_s)} of scoring" if cost and cost.scoring_s else ""
    context.say(f"{training_report(checkpoint)} {cost.steps:,} steps{scored}." if cost else "")
    return summary(checkpoint) | {
        "log": checkpoint.log, "recipe": checkpoint.recipe, "cost": asdict(cost) if cost else None,
    }  # fmt: skip


def _explained(recipe: Any, context: Context) -> dict[str, Any]:
    from lcc_core.training.presets import KINDS, PAPERS
    from lcc_core.training.recipe import explain

    rows = explain(recipe)
    heads = ("what", "value", "source", "where")
    context.say(
        table(heads, [(row["name"], row["value"], row["kind"], row["where"]) for row in rows])
    )
    used = {row["kind"] for row in rows}
    for kind, meaning in KINDS.items():
        if kind in used:
            context.say(f"{kind}: {meaning}.")
    return {"preset": recipe.preset, "paper": PAPERS.get(recipe.preset, ""), "values": rows}


def training_report(checkpoint: Any) -> str:
    """The log, an epoch a line, and what came of it."""
    lines = table(
        ("epoch", "loss", "validation loss", "train", "validation", "time"),
        (
            (
                int(row["epoch"]),
                f"{row['loss']:.4f}",
                f"{row['validation_loss']:.4f}" if "validation_loss" in row else "–",
                percent(row["train_accuracy"]),
                percent(row.get("validation_accuracy")),
                duration(row["seconds"]),
            )
            for row in checkpoint.log
        ),
    )
    took = duration(checkpoint.seconds)
    return f"{lines}\n\nCheckpoint {checkpoint.id}: {checkpoint.title}, {took}."


def _parts(arguments: argparse.Namespace, context: Context) -> tuple[str, Callable]:
    """The data set and what splits it: a protocol, or a coreset that knows both."""
    from lcc_core.coresets.coreset import read_coreset
    from lcc_core.data.splits import DEFAULT_PROTOCOL, make_split, selected_on

    if not arguments.coreset:
        if not arguments.data:
            raise LccError("No data set is named.", "Give --data or --coreset.")
        protocol, where = arguments.split or DEFAULT_PROTOCOL, arguments.select_on or "validation"
        return arguments.data, lambda tiles: make_split(tiles, protocol, arguments.seed, where)
    coreset = read_coreset(context.home, arguments.coreset)
    for option, asked, known in (
        ("--data", arguments.data, coreset.data),
        ("--split", arguments.split, coreset.protocol),
        ("--select-on", arguments.select_on, selected_on(coreset.split_facts)),
    ):
        if asked not in (None, known):
            raise LccError(
                f"The coreset {coreset.name!r} was chosen with {option} {known}, not {asked}.",
                f"Leave {option} out: the coreset knows it.",
            )
    return coreset.data, coreset.split


def summary(checkpoint: Any) -> dict[str, Any]:
    """The facts of a checkpoint that fit in a list."""
    return {
        "id": checkpoint.id,
        "arch": checkpoint.arch,
        "data": checkpoint.data,
        "synthetic": checkpoint.synthetic,
        "split": checkpoint.split,
        "epochs": len(checkpoint.log),
        "preset": checkpoint.recipe.get("preset"),
        "how": checkpoint.how.strip(" ()"),
        "made": checkpoint.made,
        "accuracy": checkpoint.accuracy,
        "bytes": checkpoint.bytes,
        "seconds": checkpoint.seconds,
        "created": checkpoint.created,
        "path": str(checkpoint.path),
    }


def checkpoints(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.checkpoints.store import list_checkpoints

    found = list_checkpoints(context.home)
    skipped = context.skipped(found.unreadable, "stored checkpoint")
    rows = [
        (
            c.id,
            c.arch + c.how,
            c.kept + c.data + (" (synthetic)" if c.synthetic else ""),
            c.split["protocol"],
            len(c.log),
            percent(c.accuracy.get("validation", {}).get("oa")),
            percent(c.accuracy.get("test", {}).get("oa")),
            size(c.bytes),
            c.created,
        )
        for c in found
    ]
    heads = ("id", "arch", "data", "split", "epochs", "validation", "test", "size", "created")
    context.say(
        table(heads, rows)
        if rows
        else "There are no checkpoints yet. Train one: lcc train --data demo --arch compact"
    )
    return {"checkpoints": [summary(c) for c in found], "unreadable": skipped}


def importance(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.compression.layer_importance import importance as measure

    checkpoint = context.workspace.checkpoint(arguments.checkpoint)
    weights = ImportanceWeights(**given(arguments, ImportanceWeights))
    layers = measure(checkpoint.model(), weights)
    context.say(
        table(
            ("layer", "weights", "share", "variance", "entropy", "zeros", "importance"),
            (
                (
                    layer.name,
                    layer.weights,
                    f"{layer.share:.4f}",
                    f"{layer.variance:.4f}",
                    f"{layer.entropy:.4f}",
                    f"{layer.sparsity:.4f}",
                    f"{layer.importance:.4f}",
                )
                for layer in layers
            ),
        )
    )
    return {"checkpoint": checkpoint.id, "layers": [asdict(layer) for layer in layers]}
