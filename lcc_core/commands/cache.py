"""``lcc cache``: how much room results take, and how much they may."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.text import pairs, size


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    group = commands.add_parser("cache", parents=[after], help="the room that results take")
    verbs = group.add_subparsers(title="what", dest="verb", metavar="WHAT", required=True)
    command = verbs.add_parser("info", parents=[after], help="sizes, and what may go")
    command.set_defaults(run=info, home_is="read")
    command = verbs.add_parser("clear", parents=[after], help="let go what no stored result needs")
    command.set_defaults(run=clear, home_is="written")
    command = verbs.add_parser("limit", parents=[after], help="bound it; least recently used first")
    command.add_argument("size", metavar="SIZE", help="500MB, 2GB, …; none: no limit")
    command.set_defaults(run=limit, home_is="written")


def info(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies import cache

    found = cache.info(context.home)
    skipped = context.skipped(found.unreadable, "stored file")
    context.say(
        pairs(
            (
                *((kind, size(count)) for kind, count in found.bytes.items()),
                ("in all", size(found.total)),
                ("may go", f"{size(found.free_able)} in {found.entries} entries"),
                ("limit", size(found.limit) if found.limit else "none"),
                ("left over", _left(found)),
            )
        )
    )
    return asdict(found) | {"total": found.total, "unreadable": skipped}


def _left(found: Any) -> str:
    if not found.left:
        return "nothing"
    return (
        f"{size(found.left_bytes)} in {found.left} files or folders of processes that died: the "
        "next command that writes deletes them"
    )


def clear(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies import cache

    freed = cache.clear(context.home)
    context.say(f"{freed.entries} entries gone, {size(freed.bytes)} free.")
    return asdict(freed)


def limit(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.reading import parse_size
    from lcc_core.studies import cache

    most = parse_size(arguments.size)
    cache.set_limit(context.home, most)
    freed = cache.trim(context.home)
    found = cache.info(context.home)
    context.say(f"At most {size(most)}." if most else "No limit.")
    if freed.entries:
        context.say(f"{freed.entries} entries gone, {size(freed.bytes)} free.")
    if most and found.total > most:
        context.say(f"{size(found.total)} stay: stored results need them.")
    return {"limit": most, "total": found.total, **asdict(freed)}
