"""``lcc scene-study`` and ``lcc map``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.compressed import plan_options, planned
from lcc_core.commands.context import Context
from lcc_core.commands.output import output_file
from lcc_core.commands.text import duration, integers, numbers, percent, size, table, words
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "scene-study", parents=[after], help="networks × splits × compression on a scene"
    )
    command.add_argument("--data", required=True, metavar="D", help="a scene")
    command.add_argument("--arch", type=words, metavar="A,…", help="default cnn1d,cnn2d,cnn3d")
    command.add_argument(
        "--splits", type=words, metavar="T/V/T,…", help="default 30/10/60,blocks-30/10/60"
    )
    command.add_argument("--seeds", type=integers, metavar="S,…", help="default 0,1,2")
    command.add_argument("--bits", type=integers, metavar="B,…", help="default 8,4,3")
    command.add_argument("--k", type=numbers, metavar="K,…", help="pruning; default 0.5,1")
    command.add_argument(
        "--both", type=words, metavar="B:K,…", help="bits and pruning at once; default 4:0.5"
    )
    command.add_argument(
        "--students",
        type=numbers,
        metavar="R,…",
        help="shares of channels that students, taught by the whole network, have fewer; "
        "default 0.5",
    )
    command.add_argument("--paper", action="store_true", help="the papers' quantizer")
    command.add_argument("--epochs", type=int, metavar="N", help="of every training")
    command.add_argument("--batch", type=int, metavar="N")
    command.add_argument("--rate", type=float, metavar="R")
    command.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps")
    command.set_defaults(run=scene_study, home_is="written")

    command = commands.add_parser(
        "map", parents=[after], help="classify every pixel of a checkpoint's scene"
    )
    command.add_argument("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    plan_options(command)
    command.add_argument("--out", metavar="FILE", help="class numbers: .csv, .npy or .png")
    command.set_defaults(run=draw)


def scene_study(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.results.flattery import flattery
    from lcc_core.studies.scene_study import SceneStudy, run_scene_study, summarize

    recipe = {name: getattr(arguments, name) for name in ("epochs", "batch", "rate")}
    chosen = {
        "data": arguments.data,
        "archs": arguments.arch,
        "protocols": arguments.splits,
        "seeds": arguments.seeds,
        "bits": arguments.bits,
        "k": arguments.k,
        "both": None if arguments.both is None else tuple(map(_pair, arguments.both)),
        "students": arguments.students,
        "paper": arguments.paper,
        "recipe": {name: value for name, value in recipe.items() if value is not None},
    }
    study = SceneStudy(**{name: value for name, value in chosen.items() if value is not None})
    rows = run_scene_study(study, context.home, arguments.device, context.hooks)
    means = summarize(rows)
    heads = ("network", "split", "plan", "OA", "AA", "κ", "size", "real", "latency", "pixels/s")
    context.say(
        table(
            heads,
            (
                (
                    one.arch,
                    one.protocol,
                    one.plan,
                    *_figures(one),
                    size(one.bytes),
                    f"{one.real_ratio:.1f}×",
                    f"{one.latency_ms:.2f} ms",
                    f"{one.pixels_per_s:.0f}",
                )
                for one in means
            ),
        )
    )
    context.say("")
    found = flattery(rows)
    context.say("How much the random split flatters, on the test pixels of both:\n")
    context.say(
        table(
            ("network", "plan", "random less disjoint", "OA", "AA", "κ", "pixels", "own OA"),
            (
                (
                    one.arch,
                    one.plan,
                    f"{one.random} − {one.disjoint}",
                    f"{100 * one.oa:+.2f}",
                    f"{100 * one.aa:+.2f}",
                    f"{one.kappa:+.3f}",
                    f"{one.pixels:,.0f}",
                    f"{100 * one.own_oa:+.2f}",
                )
                for one in found
            ),
        )
    )
    context.say("\nown OA: each on its own test part, which may be the harder one.")
    return {
        "rows": [row.to_json() for row in rows],
        "means": [asdict(one) for one in means],
        "flattery": [asdict(one) for one in found],
    }


def _figures(one: Any) -> tuple[str, str, str]:
    """OA, AA in percent and κ, ± standard deviation over seeds."""
    values = (100 * one.oa, 100 * one.aa, one.kappa)
    if one.spread is None:
        return f"{values[0]:.2f}", f"{values[1]:.2f}", f"{values[2]:.3f}"
    oa, aa, kappa = one.spread
    return (
        f"{values[0]:.2f} ± {100 * oa:.2f}",
        f"{values[1]:.2f} ± {100 * aa:.2f}",
        f"{values[2]:.3f} ± {kappa:.3f}",
    )


def _pair(text: str) -> tuple[int, float]:
    bits, _, k = text.partition(":")
    try:
        return int(bits), float(k)
    except ValueError as error:
        raise LccError(
            f"{text!r} is not bits and k.", "Write 4:0.5 for 4 bits, k = 0.5."
        ) from error


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
