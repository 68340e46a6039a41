"""Commands in a process of their own that has torch already, and how they end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lcc_core.cli import main
from lcc_core.files import Home

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may")


@dataclass(frozen=True)
class Ended:
    code: int  # negative: the signal that ended it
    out: str
    err: str
    seconds: float


def run(
    *words: object,
    home: Home,
    first: Callable[[], object] = lambda: None,
    kill_after: float | None = None,
) -> Ended:
    """``lcc WORDS`` in a fork that does ``first``; killed -9 after so many seconds."""
    began = time.monotonic()
    pipes = [os.pipe() for _ in range(2)]  # no files: some tests limit those
    child = os.fork()
    if child == 0:
        code = 70
        try:
            for number, (_, write) in enumerate(pipes, 1):
                os.dup2(write, number)
                os.close(write)
            import sys

            sys.stdout, sys.stderr = (
                os.fdopen(number, "w", encoding="utf-8") for number in (os.dup(1), os.dup(2))
            )
            first()
            code = main([*map(str, words), "--home", str(home.root)])
            sys.stdout.flush()
        except BaseException as error:
            os.write(2, f"traceback: {error!r}".encode())
        finally:
            os._exit(code)
    for _, write in pipes:
        os.close(write)
    with ThreadPoolExecutor(2) as readers:
        said = [readers.submit(_read, read) for read, _ in pipes]
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        out, err = (one.result() for one in said)
    return Ended(os.waitstatus_to_exitcode(status), out, err, time.monotonic() - began)


def _read(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        return file.read().decode(errors="replace")


def tree(folder: Path) -> set[str]:
    """Every file and folder in it but locks, which are empty and stay."""
    locks = ("claims/lock", "claims", "jobs", "jobs/queue.lock")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return found - set(locks)


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own of that size; only root may."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def read_only(home: Home) -> Iterator[None]:
    """Nothing can be written to it meanwhile, not even by root."""
    if os.geteuid() == 0:
        bind = [["mount", "--bind", str(home.root), str(home.root)]]
        bind += [["mount", "-o", "remount,bind,ro", str(home.root)]]
        if any(subprocess.run(words, capture_output=True).returncode for words in bind):
            pytest.skip("nothing can be mounted here")
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(home.root)], check=True)
        return
    paths = [home.root, *home.root.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in reversed(paths):
        path.chmod(modes[path] & 0o555)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(modes[path])
