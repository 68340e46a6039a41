"""``lcc prune-channels`` and ``lcc prune-weights``: prune by a schedule and fine-tune."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.text import percent, size, table
from lcc_core.commands.training import summary
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "prune-channels", parents=[after], help="remove whole channels, then fine-tune"
    )
    option = command.add_argument
    option("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    option("--ratio", type=float, default=0.5, metavar="R", help="of the channels, 0…0.9 (0.5)")
    option(
        "--criterion",
        default="attention",
        metavar="attention|norm|l1|l2|random",
        help="default attention, which trains gates first",
    )
    option("--global", action="store_true", dest="everywhere", help="rank all groups together")
    option("--floor", type=int, default=8, metavar="N", help="channels a group keeps (8)")
    option(
        "--attention-epochs", type=int, metavar="N", help="to train the gates for (10); attention"
    )
    longer = command.add_mutually_exclusive_group()
    longer.add_argument(
        "--source-epochs",
        type=int,
        default=0,
        metavar="N",
        help="train the source on, plain, before channels are removed (0); not attention",
    )
    longer.add_argument(
        "--equal-epochs",
        action="store_true",
        help="as long as the gates would be trained: a fair comparison with attention",
    )
    tuning_options(command)
    command.set_defaults(run=prune_channels, home_is="written")

    command = commands.add_parser(
        "prune-weights", parents=[after], help="zero small weights, then fine-tune the others"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    command.add_argument("--k", type=float, default=0.5, metavar="K", help="below K·σ (0.5)")
    tuning_options(command)
    command.set_defaults(run=prune_weights, home_is="written")


def tuning_options(command: argparse.ArgumentParser) -> None:
    option = command.add_argument
    option("--schedule", default="one-shot", metavar="one-shot|iterative|multi-pass")
    option("--passes", type=int, default=0, metavar="N", help="steps of iterative and multi-pass")
    option(
        "--epochs",
        type=int,
        metavar="N",
        help="of fine-tuning, all steps together (10, or a paper preset's)",
    )
    option("--loss", metavar="L", help="cross-entropy (default), mining or mining-wide")
    recipe_options(command)
    option("--teacher", metavar="CKPT", help="distil while fine-tuning")
    option("--tau", type=float, default=4.0, metavar="T", help="temperature (4)")
    option("--weight", type=float, default=0.5, metavar="W", help="of the teacher, 0…1 (0.5)")


def recipe_options(command: argparse.ArgumentParser) -> None:
    option = command.add_argument
    option("--preset", default="default", metavar="P", help="a named recipe")
    option("--batch", type=int, metavar="N", help="tiles a step")
    option("--rate", type=float, metavar="R", help="peak learning rate")
    option("--seed", type=int, default=0, metavar="S", help="of the training")
    option("--device", default="auto", metavar="auto|cpu|cuda|mps")


def _how(arguments: argparse.Namespace, context: Context) -> Any:
    from lcc_core.channels.schedule import Schedule
    from lcc_core.training.distil import Distil
    from lcc_core.training.finetuned import EPOCHS, FineTuning
    from lcc_core.training.presets import TUNING_EPOCHS

    recipe = {name: getattr(arguments, name) for name in ("preset", "batch", "rate", "seed")}
    recipe["loss"] = arguments.loss
    distil = None
    if arguments.teacher:
        teacher = context.workspace.checkpoint(arguments.teacher).id
        distil = Distil("offline", teacher, arguments.tau, arguments.weight)
    epochs = getattr(arguments, "attention_epochs", None)
    epochs = EPOCHS if epochs is None else epochs
    before = getattr(arguments, "source_epochs", 0)
    usual = TUNING_EPOCHS.get(arguments.preset, EPOCHS)
    return FineTuning(
        usual if arguments.epochs is None else arguments.epochs,
        Schedule(arguments.schedule, arguments.passes),
        epochs,
        {name: value for name, value in recipe.items() if value is not None},
        distil,
        epochs if getattr(arguments, "equal_epochs", False) else before,
    )


def _run(arguments: argparse.Namespace, context: Context, prune: Any, what: Any) -> dict[str, Any]:
    from lcc_core.checkpoints.store import list_checkpoints
    from lcc_core.results.against import compare, widths_json
    from lcc_core.results.lineage import epochs

    how = _how(arguments, context)
    checkpoint = context.workspace.checkpoint(arguments.checkpoint)
    how.recipe_for(checkpoint.arch, 1, 1)  # bad choices fail before tiles are read
    made = prune(context.workspace, checkpoint, what, how, arguments.device, context.hooks)
    both = compare(context.workspace, checkpoint, made.result, hooks=context.hooks.silent)
    layers = widths_json(made.result.spec)
    trained = epochs(made.result, {one.id: one for one in list_checkpoints(context.home)})
    context.say(_report(made, both, layers, trained))
    return summary(made.result) | {
        "source": checkpoint.id,
        "attended": made.attended.id if made.attended else None,
        "continued": made.continued.id if made.continued else None,
        "trained": asdict(trained),
        "steps": [summary(step) for step in made.steps],
        "layers": layers,
        "note": made.note,
        "against": both.to_json(),
        "recipe": made.result.recipe,
    }


def prune_channels(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.channels import ChannelPruning
    from lcc_core.training.finetuned import prune_and_tune_channels

    if arguments.source_epochs and arguments.criterion == "attention":
        raise LccError(
            "The attention criterion trains its source on with gates, not plain.",
            "Say for how long with --attention-epochs, or choose another criterion.",
        )
    pruning = ChannelPruning(
        arguments.criterion,
        arguments.ratio,
        "global" if arguments.everywhere else "group",
        arguments.floor,
        arguments.seed,
    )
    return _run(arguments, context, prune_and_tune_channels, pruning)


def prune_weights(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.training.finetuned import prune_and_tune_weights

    return _run(arguments, context, prune_and_tune_weights, arguments.k)


def _report(made: Any, both: Any, layers: list[dict[str, Any]], trained: Any) -> str:
    parts = []
    if narrower := [one for one in layers if one["kept"] < one["of"]]:
        rows = [(one["layer"], one["kept"], one["of"]) for one in narrower]
        parts.append(table(("layer", "channels", "of"), rows))
    if made.note:
        parts.append(made.note)
    if made.attended:
        before = made.attended.made["with attention"]["test"]["oa"]
        folded = made.attended.accuracy["test"]["oa"]
        parts.append(
            f"Trained with attention first: {percent(before)} with the gates, {percent(folded)} "
            f"once folded (checkpoint {made.attended.id})."
        )
    if made.continued:
        longer = percent(made.continued.accuracy["test"]["oa"])
        parts.append(f"Trained on first: {longer} (checkpoint {made.continued.id}).")
    parts.append(f"Trained for {trained.text} pruning.")
    rows = [
        (
            number,
            percent(step.made["start"]["test"]["oa"]),
            len(step.log),
            percent(step.accuracy["test"]["oa"]),
            step.id,
        )
        for number, step in enumerate(made.steps, 1)
    ]
    parts.append(table(("step", "pruned", "epochs", "fine-tuned", "checkpoint"), rows))
    one, other, ratios = both.source, both.result, both.ratios()
    rows = [
        ("test accuracy", percent(one.oa), percent(other.oa), ""),
        ("zeros", percent(one.sparsity), percent(other.sparsity), ""),
        ("parameters", f"{one.parameters:,}", f"{other.parameters:,}", ratios["parameters"]),
        ("MACs", f"{one.macs:,}", f"{other.macs:,}", ratios["macs"]),
        ("float32 file", size(one.float_bytes), size(other.float_bytes), ratios["float_bytes"]),
    ]
    rows += [
        (f"ms, batch {n}", f"{a:.2f}", f"{b:.2f}", ratios[f"latency, batch {n}"])
        for n, (a, b) in both.latency_ms.items()
    ]
    cells = [(*row[:3], f"{row[3]:.2f}× less" if row[3] else "") for row in rows]
    parts.append(table(("", "before", "after", ""), cells))
    parts.append(f"Compress it: lcc compress {made.result.id} --bits 4 --out small.lcc")
    return "\n\n".join(parts)
