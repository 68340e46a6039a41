"""``lcc map``."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.compressed import plan_options, planned
from lcc_core.commands.context import Context
from lcc_core.commands.output import output_file
from lcc_core.commands.text import duration, percent


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "map", parents=[after], help="classify every pixel of a checkpoint's scene"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    plan_options(command)
    command.add_argument("--out", metavar="FILE", help="class numbers: .csv, .npy or .png")
    command.set_defaults(run=draw)


def draw(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.reports.maps import map_kind, write_map
    from lcc_core.results.scene_map import as_scene, mapped

    out = output_file(arguments.out) if arguments.out else None
    if out:
        map_kind(out)
    workspace = context.workspace
    checkpoint = workspace.checkpoint(arguments.checkpoint)
    scene = as_scene(workspace.tiles(checkpoint.data, context.hooks))
    split = workspace.split(checkpoint)
    plan = planned(arguments, workspace.model(checkpoint))
    found = mapped(workspace, checkpoint, plan, context.hooks)
    if out:
        write_map(out, found.classes, scene.class_names)
    rows, columns = scene.positions[split.test].T
    oa = float((found.classes[rows, columns] == scene.labels[split.test]).mean())
    context.say(
        f"{found.classes.size:,} pixels in {duration(found.seconds)}, {found.pixels_per_s:,.0f} a "
        f"second. {percent(oa)} of the {len(split.test):,} test pixels are right."
    )
    return {
        "checkpoint": checkpoint.id,
        "plan": plan.id,
        "pixels": found.classes.size,
        "seconds": found.seconds,
        "pixels_per_s": found.pixels_per_s,
        "oa": oa,
        "out": str(out) if out else None,
    }
