"""``lcc compress`` and ``lcc measure``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.options import add_options, given
from lcc_core.commands.output import output_file
from lcc_core.commands.quantizing import add_quantizer, quantizer_chosen, quantizer_said
from lcc_core.commands.text import number, pairs, percent, size, table
from lcc_core.compression.uniform import UniformConfig
from lcc_core.errors import CheckpointError, LccError, require


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "compress", parents=[after], help="prune and quantize a checkpoint into one small file"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    plan_options(command)
    command.add_argument("--out", required=True, metavar="FILE", help="the packed file")
    _part(command)
    command.set_defaults(run=compress)

    command = commands.add_parser(
        "measure", parents=[after], help="accuracy and sizes of a packed file or a checkpoint"
    )
    command.add_argument("source", metavar="FILE_OR_CKPT")
    command.add_argument("--data", metavar="D", help="default: the set it was trained on")
    _part(command)
    command.set_defaults(run=measure)


def plan_options(command: argparse.ArgumentParser) -> None:
    """How to compress; :func:`planned` reads it."""
    add_options(command, UniformConfig)
    add_quantizer(command)
    command.add_argument("--plan", metavar="FILE", help="a saved plan in place of these settings")


def _part(command: argparse.ArgumentParser) -> None:
    command.add_argument("--part", default="test", metavar="test|validation", help="default test")


def compress(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Compress a checkpoint into one file, and say what it loses and saves."""
    from lcc_core.files import write_bytes
    from lcc_core.results.measured import packed_content

    out = output_file(arguments.out)
    workspace = context.workspace
    checkpoint = workspace.checkpoint(arguments.checkpoint)
    plan = planned(arguments, workspace.model(checkpoint))
    workspace.split(checkpoint).part(arguments.part)
    content, row = packed_content(workspace, checkpoint, plan, arguments.part, hooks=context.hooks)
    write_bytes(out, content)
    before = checkpoint.accuracy.get(arguments.part, {}).get("oa")
    context.say(compression_report(row, before))
    context.say(f"\nWritten to {out}. In Python: lcc_core.load({str(out)!r})")
    return row.to_json() | {"out": str(out), "float_oa": before, "settings": plan.to_json()}


def planned(arguments: argparse.Namespace, model: Any) -> Any:
    """The plan that the options ask for; 8 bits where they ask for nothing."""
    from lcc_core.compression.plan import Plan
    from lcc_core.compression.uniform import uniform_plan
    from lcc_core.reading import read_text

    check_plan_alone(arguments)
    if arguments.plan:
        return Plan.from_json(read_text(Path(arguments.plan).expanduser()))
    how = UniformConfig(**given(arguments, UniformConfig))
    quantizer, recalibrate = quantizer_chosen(arguments)
    return uniform_plan(model, how.bits, how.k, quantizer, recalibrate, how.spare_depthwise)


def check_plan_alone(arguments: argparse.Namespace) -> None:
    """Raise ``LccError`` where a saved plan is named, and settings of another one beside it."""
    said = given(arguments, UniformConfig) | quantizer_said(arguments)
    if getattr(arguments, "plan", None) and said:
        option = next(iter(said)).replace("_", "-")
        raise LccError(f"--plan and --{option} do not go together.", "Leave one out.")


def measure(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Measure a packed file or a float checkpoint."""
    from lcc_core.data.splits import PARTS
    from lcc_core.results.packedfile import measure_file

    require(arguments.part in PARTS, "part", arguments.part, f"one of {', '.join(PARTS)}")
    path = Path(arguments.source).expanduser()
    if path.is_file():
        row = measure_file(
            path,
            context.home,
            arguments.data,
            arguments.part,
            hooks=context.hooks,
        )
    else:
        row = _measure_checkpoint(arguments, context)
    context.say(compression_report(row))
    return row.to_json() | {"source": arguments.source}


def _measure_checkpoint(arguments: argparse.Namespace, context: Context) -> Any:
    from lcc_core.compression.compressed import apply
    from lcc_core.compression.plan import Plan
    from lcc_core.measure.measure import Origin, Sample
    from lcc_core.measure.measure import measure as run
    from lcc_core.results.measured import measure_plan
    from lcc_core.results.packedfile import foreign_ids

    workspace = context.workspace
    checkpoint = workspace.checkpoint(checkpoint_name(arguments.source))
    plan = Plan({}, method="float")
    tiles = workspace.tiles(arguments.data or checkpoint.data, context.hooks)
    if tiles.name == checkpoint.data:
        return measure_plan(workspace, checkpoint, plan, arguments.part, hooks=context.hooks)
    ids = foreign_ids(tiles, checkpoint.spec, checkpoint.split, arguments.part)
    origin = Origin(checkpoint.id, checkpoint.bytes, checkpoint.split)
    sample = Sample(tiles, ids, arguments.part)
    return run(apply(workspace.model(checkpoint), plan), origin, sample, hooks=context.hooks)


def checkpoint_name(source: str) -> str:
    """Take ``source`` for a checkpoint's id; what looks like a path is one that is not there."""
    if "/" in source or source.endswith((".lcc", ".safetensors")):
        raise CheckpointError(f"There is no file {source}.", "Check the path.")
    return source


def compression_report(row: Any, before: float | None = None) -> str:
    """Tell a measurement in lines; ``before``: accuracy of the float model."""
    low, high = row.interval
    change = "" if before is None else f", {100 * (row.oa - before):+.2f} points from float"
    facts = pairs(
        (
            ("overall accuracy", f"{percent(row.oa)} ({percent(low)} to {percent(high)}){change}"),
            ("average accuracy", percent(row.aa)),
            ("kappa", f"{row.kappa:.4f}"),
            ("measured on", f"{row.tiles} {row.part} tiles of {row.data}, {row.precision}"),
            ("on validation tiles", _validation(row)),
            ("average bits", number(row.average_bits)),
            ("zeros", percent(row.sparsity)),
            ("pruned", percent(row.pruned)),
            ("recalibrated", _recalibrated(row)),
        )
    )
    sizes = table(
        ("", "ratio", "bytes"),
        (
            ("real", f"{row.real_ratio:.2f}×", f"{size(row.bytes)} of {size(row.float_bytes)}"),
            ("nominal", number(row.nominal_ratio, "×"), ""),
            ("zeros-free", number(row.zeros_free_ratio, "×"), ""),
        ),
    )
    cost = f"{row.parameters:,} parameters, {row.macs:,} MACs"
    if row.latency_ms is not None:
        cost += f", {row.latency_ms:.2f} ms a tile on one core"
    return f"{facts}\n\n{sizes}\n\n{cost}"


def _validation(row: Any) -> str:
    """What it is to be chosen by, where that is another figure."""
    if row.validation_oa is None or row.part == "validation":
        return ""
    return f"{percent(row.validation_oa)} of {row.validation_tiles}"


def _recalibrated(row: Any) -> str:
    if not row.recalibrated:
        return "no"
    # A packed file knows on how many, and not how long that took.
    took = f", {row.recalibration_s:.2f} s" if row.recalibration_s else ""
    return f"on {row.recalibrated} training tiles{took}"
