"""What ``--out`` names: a file that is replaced at once, or a stream that text is sent to."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from lcc_core.commands.context import Context
from lcc_core.errors import LccError
from lcc_core.files import NotWritten, destination, write_all, write_bytes
from lcc_core.temporary import sweep_named

STDOUT = 1
STANDARD = {"/dev/stdout": STDOUT, "/dev/stderr": 2}
OPENED = re.compile(r"/dev/fd/(\d{1,6})|/proc/self/fd/(\d{1,6})")
LINKS = 40  # as many as the system follows


def output_file(name: str) -> Path:
    """Where to write; found out before the work, not after it."""
    path = Path(name).expanduser()
    if descriptor_of(path) is not None:
        raise LccError(f"{path} is a stream, not a file.", "Name a file.")
    real = destination(path)
    if not real.parent.is_dir():
        raise LccError(f"{path} cannot be written.", "Name a file in a folder that exists.")
    if not os.access(real.parent, os.W_OK | os.X_OK):
        raise LccError(f"{path} cannot be written: permission denied.", "Name another folder.")
    sweep_named(real.parent, real.name)
    return path


def output_text(name: str, context: Context) -> Path:
    """As :func:`output_file`, but a pipe, a terminal or ``/dev/stdout`` will do too.

    What people read goes to stderr while stdout is the output.
    """
    path = Path(name).expanduser()
    if descriptor_of(path) == STDOUT:
        if context.json:
            raise LccError(f"--json writes to stdout, and so would --out {name}.", "Name a file.")
        context.aside = True
    return path if _is_stream(path) else output_file(name)


def send(path: Path, content: bytes) -> None:
    """Into the stream that ``path`` names, else the whole of the file at once."""
    if not _is_stream(path):
        write_bytes(path, content)
        return
    try:
        if (own := descriptor_of(path)) is not None:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            write_all(own, content)
            return
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotWritten(str(path), error) from error


def descriptor_of(path: Path) -> int | None:
    """The number of the open file of this process that ``/dev/stdout``, ``/dev/fd/3`` or a link
    to one names."""
    text = os.path.abspath(path)
    for _ in range(LINKS):
        if text in STANDARD:
            return STANDARD[text]
        if found := OPENED.fullmatch(text):
            return int(found[1] or found[2])
        try:
            text = os.path.abspath(os.path.join(os.path.dirname(text), os.readlink(text)))
        except OSError:
            return None
    return None


def _is_stream(path: Path) -> bool:
    """Whether text can be sent there and nothing is replaced: no other device will do."""
    if descriptor_of(path) is not None:
        return True
    try:
        facts = os.stat(path)
    except OSError:
        return False
    if stat.S_ISFIFO(facts.st_mode):
        return True
    return stat.S_ISCHR(facts.st_mode) and (
        facts.st_rdev == os.stat(os.devnull).st_rdev or _is_terminal(path)
    )


def _is_terminal(path: Path) -> bool:
    return os.path.realpath(path).startswith(("/dev/tty", "/dev/pts/"))
