"""What every command gets: the home folder, a voice, and a way to be stopped."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from lcc_core.commands.text import bar, duration
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.plaintext import visible
from lcc_core.unreadable import Unreadable, said

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace

REPORT_EVERY_S = 0.2


class Stop:
    """Turns Ctrl-C and SIGTERM into a cancel between two steps.

    Work that asks ``stop()`` is left to end by itself; other work, or work that gets a second
    signal, is interrupted at once (writes are atomic, so nothing is left half done).
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.asked = self.requested = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        self.asked = True
        return self.requested

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked or self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __enter__(self) -> Stop:
        try:
            for number in self.SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        except ValueError:  # not the main thread: its owner cancels
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@dataclass
class Context:
    """``text`` is what a person reads; with ``json`` only the returned object is printed."""

    json: bool = False
    home: Home = field(default_factory=lambda: Home(Path()))
    stop: Callable[[], bool] = lambda: False
    aside: bool = False  # stdout is the command's output: what people read goes to stderr
    _line: int = field(default=0, repr=False)
    _reported: tuple[str, float] = field(default=("", -math.inf), repr=False)
    _began: tuple[int, float] = field(default=(0, 0.0), repr=False)

    @cached_property
    def workspace(self) -> Workspace:
        """The opened home."""
        from lcc_core.workspace import Workspace

        return Workspace(self.home)

    @property
    def hooks(self) -> Hooks:
        """What a command hands to the work it does."""
        return Hooks(self.progress, self.stop)

    def progress(self, report: Progress) -> None:
        """One JSON line, or the one line that is written over; a few times a second at most."""
        now = time.monotonic()
        stage, before = self._reported
        soon = report.stage == stage and now - before < REPORT_EVERY_S
        if soon and report.done < report.total and not report.lasting:
            return
        self._reported = (report.stage, now)
        if report.stage != stage:
            self._began = (report.done, now)
        if report.eta_s is None and report.done > self._began[0]:
            pace = (now - self._began[1]) / (report.done - self._began[0])
            report = replace(report, eta_s=pace * (report.total - report.done))
        if self.json:
            line = clean(asdict(report)) | {"time": round(time.time(), 1)}
            with contextlib.suppress(OSError):  # a report that has no room stops no work
                print(json.dumps(line), file=sys.stderr, flush=True)
        elif sys.stderr is not None and sys.stderr.isatty():
            line = bar(report)
            print("\r" + line.ljust(self._line), end="", file=sys.stderr, flush=True)
            self._line = len(line)

    def say(self, text: str) -> None:
        """Lines for a person, in which nothing steers the terminal; silent with ``--json``."""
        if not self.json:
            self._end_line()
            print(visible(text, keep="\n"), file=sys.stderr if self.aside else sys.stdout)

    def warn(self, text: str) -> None:
        """A line on stderr, whoever reads stdout."""
        if text:
            self._end_line()
            print(visible(f"lcc: {one_line(text)}"), file=sys.stderr, flush=True)

    def skipped(self, found: Sequence[Unreadable], what: str) -> list[dict[str, str]]:
        """Say once what could not be read; returns it for ``--json``."""
        if text := said(found, what):
            self.warn(f"{text}.")
        return [{"path": str(one.path), "reason": one.reason} for one in found]

    def finish(self, result: Any) -> None:
        """The command is done: its one object, if objects are asked for."""
        self._end_line()
        if self.json and result is not None:
            print(json.dumps(clean(result)), flush=True)
        elif sys.stdout is not None:
            sys.stdout.flush()

    def fail(self, what: str, fix: str, code: int) -> int:
        """One line on stderr, one object on stdout with ``--json``. Returns ``code``."""
        what, fix = one_line(what), one_line(fix)
        with contextlib.suppress(OSError):  # nobody listens, or the disk is full
            self._end_line()
            print(visible(f"lcc: {what} {fix}".rstrip()), file=sys.stderr, flush=True)
        if self.json:
            with contextlib.suppress(OSError):
                print(json.dumps({"error": what, "fix": fix, "code": code}), flush=True)
        return code

    def _end_line(self) -> None:
        if self._line:
            print("\r" + " " * self._line, end="\r", file=sys.stderr, flush=True)
            self._line = 0


def one_line(text: str) -> str:
    return " ".join(text.split())


class Timer:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.began, 2)

    def __str__(self) -> str:
        return duration(self.seconds)


def clean(value: Any) -> Any:
    """The value in JSON's own types; NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return clean(value.tolist())
    return str(value)
