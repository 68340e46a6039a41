"""``lcc map``."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.compressed import check_plan_alone
from lcc_core.commands.context import Context
from lcc_core.commands.options import given
from lcc_core.commands.output import output_file
from lcc_core.commands.quantizing import add_quantizer, quantizer_chosen
from lcc_core.commands.tasks import add_task, asked, done
from lcc_core.commands.text import duration, percent
from lcc_core.tasks.mapping import MapTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = add_task(commands, after, MapTask, _mapped, _map)
    add_quantizer(command)
    command.set_defaults(run=draw, home_is="written at need")


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
