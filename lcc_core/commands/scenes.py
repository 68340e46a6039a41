"""``lcc scene-study`` and ``lcc map``."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.compressed import check_plan_alone
from lcc_core.commands.context import Context
from lcc_core.commands.options import given
from lcc_core.commands.output import output_file
from lcc_core.commands.quantizing import add_quantizer, quantizer_chosen
from lcc_core.commands.tasks import add_task, asked, done
from lcc_core.commands.text import duration, percent, size, table
from lcc_core.tasks.mapping import MapTask
from lcc_core.tasks.studies import SceneStudyTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    add_task(commands, after, SceneStudyTask, _studied)
    command = add_task(commands, after, MapTask, _mapped, _map)
    add_quantizer(command)
    command.set_defaults(run=draw, home_is="written at need")


def _studied(_: SceneStudyTask, result: dict[str, Any], context: Context) -> None:
    from lcc_core.results.flattery import Flattery
    from lcc_core.studies.scene_study import SceneMean

    means = [SceneMean(**one) for one in result["means"]]
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
    found = [Flattery(**one) for one in result["flattery"]]
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


def _map(arguments: argparse.Namespace) -> MapTask:
    check_plan_alone(arguments)
    quantizer, recalibrate = quantizer_chosen(arguments)
    said = given(arguments, MapTask)
    return MapTask(**said, quantizer=quantizer, recalibrate=recalibrate)


def draw(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.reports.maps import map_kind

    task = asked(arguments)
    if task.out:
        map_kind(output_file(task.out))
    return done(task, context)


def _mapped(_: MapTask, result: dict[str, Any], context: Context) -> None:
    context.say(
        f"{result['pixels']:,} pixels in {duration(result['seconds'])}, "
        f"{result['pixels_per_s']:,.0f} a second. {percent(result['oa'])} of the "
        f"{result['tested']:,} test pixels are right."
    )
