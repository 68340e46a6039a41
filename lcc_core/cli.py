"""The ``lcc`` command: everything a page does, from a terminal or a script.

Exit codes: 0 done, 1 a fault of the program, whose traceback is logged, 2 bad input or a failure
that its one line explains, 130 cancelled.
With ``--json`` stdout holds exactly one object (``{"error", "fix"}`` on failure) and stderr one
JSON object a line for progress.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from lcc_core.commands import (
    app,
    cache,
    channels,
    compressed,
    coresets,
    data,
    distilling,
    exporting,
    importing,
    jobs,
    results,
    scenes,
    searching,
    studies,
    tasks,
    training,
)
from lcc_core.commands.context import Context, Stop
from lcc_core.errors import Cancelled, LccError
from lcc_core.files import NO_ROOM, Home, NotWritten
from lcc_core.jobs import inside
from lcc_core.logs import LOGS, fault_line, fault_text, record_fault

GROUPS = (
    data, training, importing, distilling, coresets, channels, searching, compressed, exporting,
    scenes, studies, results, cache, jobs, app, tasks,
)  # fmt: skip
FAULT, BAD_INPUT, CANCELLED = 1, 2, 130
# What a command does with the home: a command that says nothing writes what it makes, if it may.
READ, WRITTEN, WRITTEN_AT_NEED = "read", "written", "written at need"


class _Usage(LccError):
    """The words of the command line make no command."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of printing the whole usage."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._later: list[Callable[[], None]] = []

    def when_used(self, add: Callable[[], None]) -> None:
        """Have ``add`` add options once the command is used, or its help is.

        Options made of what is registered import it, and other commands do not wait for that.
        """
        self._later.append(add)

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        while self._later:
            self._later.pop(0)()
        return super().parse_known_args(*args, **options)

    def error(self, message: str) -> NoReturn:
        what = message[:1].upper() + message[1:].rstrip(".")
        raise _Usage(f"{what}.", f"See `{self.prog} --help`.")


def _common(default: object) -> argparse.ArgumentParser:
    """Options that may stand before or after the command."""
    options = argparse.ArgumentParser(add_help=False, argument_default=default)
    group = options.add_argument_group("everywhere")
    group.add_argument(
        "--json", action="store_true", default=default or False, help="one JSON object on stdout"
    )
    group.add_argument(
        "--home",
        metavar="DIR",
        default=default,
        help="where data, checkpoints and results lie (default: $LCC_HOME, else cache/)",
    )
    group.add_argument(
        "--debug",
        action="store_true",
        default=default or False,
        help="print the traceback of a fault of the program",
    )
    return options


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of every command."""
    parser = _Parser(
        prog="lcc",
        description="Trade accuracy for size in land-cover classifiers.",
        parents=[_common(None)],
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    after = _common(argparse.SUPPRESS)
    for group in GROUPS:
        group.add(commands, after)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _show_anything()
    context = Context(json="--json" in words)
    home: Home | None = None
    with Stop() as stop:
        try:
            arguments = make_parser().parse_args(words)
            home = Home.find(arguments.home)
            context = Context(json=arguments.json, home=home, stop=stop)
            dry = getattr(arguments, "dry_run", False)
            _open(context, READ if dry else getattr(arguments, "home_is", WRITTEN_AT_NEED))
            inside.enter(context.home, context.hooks)
            result = arguments.run(arguments, context)
            context.finish(result)
        except (Cancelled, KeyboardInterrupt):
            return context.fail("Cancelled.", "What was finished before is kept.", CANCELLED)
        except BrokenPipeError:  # `lcc … | head` has seen enough
            _silence()
            return 128 + signal.SIGPIPE
        except LccError as error:
            return _failed(context, error)
        except Exception as error:
            return _fault(context, error, home, words)
    return 0


def _open(context: Context, use: str) -> None:
    """Make the home ready for a command that ``use``s it so, and sweep what dead ones left."""
    home = context.home
    if use == READ:
        return
    if use == WRITTEN or home.writable:
        from lcc_core.studies.leftovers import sweep

        home.prepare()
        sweep(home)
    else:
        context.warn(f"The home folder {home.root} is read-only for you: nothing is kept there.")


def _show_anything() -> None:
    """What a terminal has no signs for is spelt out, and is no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence() -> None:
    """What is still to be written goes nowhere: nobody reads it, or it has no room."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
            continue
        with contextlib.suppress(AttributeError, OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _failed(context: Context, error: LccError) -> int:
    """One line: what is wrong, and what to do."""
    code = context.fail(error.what, error.fix, BAD_INPUT)
    if isinstance(error, NotWritten):
        if error.errno in NO_ROOM:
            inside.no_room()
        _silence()
    return code


def _fault(context: Context, error: Exception, home: Home | None, words: Sequence[str]) -> int:
    """One line for what should not have happened; its traceback goes to a log.

    With ``--debug``, and where no log can be written, it is printed too: nothing is lost.
    """
    doing = shlex.join(["lcc", *words])
    folder = inside.folder() or (home.folder(LOGS) if home else None)
    log = record_fault(error, folder, doing) if folder else None
    if "--debug" in words or log is None:
        with contextlib.suppress(OSError):
            print(fault_text(error, doing), end="", file=sys.stderr, flush=True)
    where = f"The details are in {log}; --debug prints them." if log else "The details are above."
    code = context.fail(f"This is a fault of the program ({fault_line(error)}).", where, FAULT)
    if isinstance(error, OSError):
        _silence()
    return code


if __name__ == "__main__":
    sys.exit(main())
