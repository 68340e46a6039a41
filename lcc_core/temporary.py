"""Files and folders on their way to their names: held by who makes them, swept once he is dead.

Each is locked by the process that makes it, and the system takes the lock back however that
process ends. So whoever gets the lock has found something that nobody will finish, on this machine
or in another container that shares the folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # without locks nothing is ever held to be left behind
    fcntl = None

PART, RETIRED = ".part", ".retired"
TRIES = 20
NAME_CHARACTERS = 60  # with their marks they fit into a file name in any script


@dataclass(frozen=True)
class Leftover:
    """What a dead process was making: a file or a folder, ``bytes`` large."""

    path: Path
    bytes: int


@contextlib.contextmanager
def temporary_file(folder: Path, name: str) -> Generator[tuple[Path, int]]:
    """An empty file in ``folder`` and its descriptor; gone after the block unless renamed."""
    path, descriptor = _held(folder, name, _create_file)
    try:
        yield path, descriptor
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def held_file(path: Path) -> Generator[None]:
    """An empty file that is there during the block; its name must mark it as temporary."""
    descriptor = _create_file(path)
    try:
        lock(descriptor)
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def temporary_folder(folder: Path, name: str) -> Generator[Path]:
    """An empty folder in ``folder``; gone with all in it after the block unless renamed."""
    path, descriptor = _held(folder, name, _create_folder)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def replace_folder(folder: Path, target: Path) -> None:
    """Give ``folder`` the name of ``target``. A kill at any instant leaves the old or the new one
    under it, once leftovers are swept."""
    for _ in range(TRIES):
        with _retired(target) as old:
            try:
                folder.rename(target)
                return
            except OSError as error:
                if old is not None and not target.exists():
                    old.rename(target)
                # Somebody else put one there meanwhile.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
    raise OSError(errno.EBUSY, "others replace it all the time")


@contextlib.contextmanager
def _retired(target: Path) -> Generator[Path | None]:
    """What was called ``target``, under a hidden name; deleted after the block if still there."""
    try:
        descriptor = os.open(target, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        lock(descriptor)
        old = target.with_name(f".{target.name}.{secrets.token_hex(4)}{RETIRED}")
        try:
            target.rename(old)
        except FileNotFoundError:
            yield None
            return
        yield old
        if old.is_symlink():  # what it leads to is not ours
            old.unlink()
        shutil.rmtree(old, ignore_errors=True)
    finally:
        os.close(descriptor)


def leftovers(folders: Iterable[Path]) -> list[Leftover]:
    """What dead processes left in these folders, which are not entered."""
    found = []
    for path in marked(folders):
        with _abandoned(path) as dead:
            if dead:
                found.append(Leftover(path, tree_bytes(path)))
    return found


def sweep(folders: Iterable[Path]) -> list[Leftover]:
    """Delete what dead processes left in these folders; returns what is gone."""
    gone = []
    for path in marked(folders):
        with _abandoned(path) as dead:
            if dead:
                size = tree_bytes(path)
                _end(path)
                if not path.exists():
                    gone.append(Leftover(path, size))
    return gone


def sweep_named(folder: Path, name: str) -> None:
    """Delete what dead processes left of a file of that name."""
    for path in marked([folder]):
        if path.name.startswith(f".{name[:NAME_CHARACTERS]}.") and path.name.endswith(PART):
            with _abandoned(path) as dead:
                if dead:
                    _end(path)


def _end(path: Path) -> None:
    with contextlib.suppress(OSError):  # another user's, or just gone
        if path.name.endswith(RETIRED):
            target = path.with_name(path.name[1:].removesuffix(RETIRED).rpartition(".")[0])
            if not target.exists():  # killed before the new one had the name
                path.rename(target)
                return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def tree_bytes(path: Path) -> int:
    """Of a file, or of all files in a folder; what cannot be looked at counts nothing."""
    total = 0
    with contextlib.suppress(OSError):
        if not path.is_dir():
            return path.lstat().st_size
    for folder, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def marked(folders: Iterable[Path]) -> Iterator[Path]:
    """What is marked as temporary there, held or not."""
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:  # not there, or not ours to look into
            continue
        for name in names:
            if name.startswith(".") and name.endswith((PART, RETIRED)):
                yield folder / name


def _held(folder: Path, name: str, create: Callable[[Path], int]) -> tuple[Path, int]:
    for _ in range(TRIES):
        path = folder / f".{name[:NAME_CHARACTERS]}.{secrets.token_hex(4)}{PART}"
        try:
            descriptor = create(path)
        except FileExistsError:
            continue
        except FileNotFoundError:
            if not folder.is_dir():
                raise
            continue  # swept before it was open
        lock(descriptor)
        if _is(path, descriptor):
            return path, descriptor
        os.close(descriptor)  # swept before it was locked
    raise OSError(errno.EBUSY, "no temporary name can be had")


def _create_file(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)  # the umask takes its part


def _create_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY)


def lock(descriptor: int) -> None:
    """Wait for the lock; where there are none, go on without."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _abandoned(path: Path) -> Generator[bool]:
    """Whether nobody holds it; nobody else can sweep it meanwhile."""
    if fcntl is None:
        yield False
        return
    descriptor = _opened(path)
    if descriptor is None:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = _is(path, descriptor)
        except OSError:
            free = False
        yield free
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int | None:
    for access in (os.O_RDWR, os.O_RDONLY):  # some file systems lock for writers alone
        with contextlib.suppress(OSError):
            return os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK)
    return None
