"""``lcc train``, ``lcc checkpoints`` and ``lcc importance``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.options import add_options, given
from lcc_core.commands.tasks import add_task, asked, done
from lcc_core.commands.text import duration, percent, size, table
from lcc_core.compression.importance_weights import ImportanceWeights
from lcc_core.tasks.made import summary
from lcc_core.tasks.training import TrainTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = add_task(commands, after, TrainTask, _trained)
    command.add_argument(
        "--explain",
        action="store_true",
        help="train nothing: tell each value of the recipe and where it comes from",
    )
    command.set_defaults(run=train)

    command = commands.add_parser("checkpoints", parents=[after], help="what has been trained")
    command.set_defaults(run=checkpoints, home_is="read")

    command = commands.add_parser(
        "importance", parents=[after], help="how much each layer of a checkpoint matters"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    add_options(command, ImportanceWeights)
    command.set_defaults(run=importance, home_is="read")


def train(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    task = asked(arguments)
    return _explained(task.recipe(), context) if arguments.explain else done(task, context)


def _trained(_: TrainTask, result: dict[str, Any], context: Context) -> None:
    cost = result["cost"]
    spent = ""
    if cost:
        scored = f", after {duration(cost['scoring_s'])} of scoring" if cost["scoring_s"] else ""
        spent = f" {cost['steps']:,} steps{scored}."
    context.say(training_report(context.workspace.checkpoint(result["id"])) + spent)


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
