"""Where things lie on disk, and how they get there without ever being half written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError, require
from lcc_core.temporary import temporary_file
from lcc_core.unreadable import reason

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.IGNORECASE)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_FILE = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotWritten(LccError):
    """A file or folder that could not be written; nothing of it is left."""

    def __init__(self, what: str, error: OSError, fix: str = "") -> None:
        super().__init__(f"{what} could not be written: {reason(error)}.", fix or advice(error))
        self.errno = error.errno


def advice(error: OSError) -> str:
    """What to do about it."""
    if error.errno in NO_ROOM:
        return "Free some disk space; what was there before is kept."
    if error.errno in NOT_ALLOWED:
        return "Choose a folder that you may write to; what was there before is kept."
    return "Choose another place; what was there before is kept."


@dataclass(frozen=True)
class Home:
    """The folder that holds everything made at run time. Looking into it makes nothing."""

    root: Path

    @classmethod
    def find(cls, path: str | Path | None = None) -> Home:
        """``path``, else ``$LCC_HOME``, else the project's ``cache/``; it need not be there yet.

        Raises ``LccError`` for what is no folder, or may not be looked into.
        """
        chosen = path or os.environ.get("LCC_HOME") or Path(__file__).parent.parent / "cache"
        fix = "Name another folder with --home or LCC_HOME."
        try:
            root = Path(chosen).expanduser().resolve()
            if root.exists() and not root.is_dir():
                raise LccError(f"The home {root} is no folder.", fix)
            if root.exists() and not os.access(root, os.R_OK | os.X_OK):
                raise LccError(f"The home folder {root} cannot be read: permission denied.", fix)
        except (OSError, RuntimeError) as error:
            raise LccError(f"The home {chosen} cannot be read: {reason(error)}.", fix) from error
        return cls(root)

    def prepare(self) -> None:
        """Make it, to be written to. Raises ``LccError`` where that is not allowed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LccError(
                f"The home folder {self.root} cannot be made: {reason(error)}.",
                "Name a folder you may write to with --home or LCC_HOME.",
            ) from error
        if not self.writable:
            raise LccError(
                f"The home folder {self.root} is read-only for you.",
                "Name a folder you may write to with --home or LCC_HOME.",
            )

    @property
    def writable(self) -> bool:
        """Whether this process may write there, or make it where it is not there yet."""
        near = self.root
        while not near.exists() and near != near.parent:
            near = near.parent
        return near.is_dir() and os.access(near, os.W_OK | os.X_OK)

    def folder(self, name: str) -> Path:
        """Where things of a kind lie; it is there once one is."""
        return self.root / name

    @property
    def tiles(self) -> Path:
        return self.folder("tiles")

    @property
    def checkpoints(self) -> Path:
        return self.folder("checkpoints")

    @property
    def results(self) -> Path:
        return self.folder("results")

    @property
    def predictions(self) -> Path:
        return self.folder("predictions")

    @property
    def jobs(self) -> Path:
        return self.folder("jobs")


def check_name(name: str) -> None:
    """Names that users give become file names; ``ValueError`` for one that cannot."""
    require(NAME.fullmatch(name) is not None, "name", name, "letters, digits, '-', '_' or '.'")


def destination(path: Path) -> Path:
    """The regular file that ``path`` names, through links, whether it is there yet or not.

    Raises ``LccError`` for a folder, a device, a pipe or a socket: they are never replaced.
    """
    real = Path(os.path.realpath(path))
    try:
        mode = os.stat(real).st_mode
    except FileNotFoundError:
        return real
    except OSError as error:
        raise NotWritten(str(path), error) from error
    if not stat.S_ISREG(mode):
        raise LccError(
            f"{path} is {NO_FILE.get(stat.S_IFMT(mode), 'no regular file')}, not a file.",
            "Name a file; nothing was written.",
        )
    return real


def write_bytes(path: Path, content: bytes) -> None:
    """Make ``content`` the whole of the file, at once: it was written and fsynced before.

    A file that was there keeps its permissions, a new one follows the umask; folders on the way
    are made. Raises ``LccError`` and leaves nothing behind where it cannot be written.
    """
    target = destination(Path(path))
    made: list[Path] = []
    try:
        make_folder(target.parent, made)
        with temporary_file(target.parent, target.name) as (temporary, descriptor):
            write_all(descriptor, content)
            os.fsync(descriptor)
            with contextlib.suppress(OSError):  # new, or another user's
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
    except OSError as error:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # somebody else's files are in it
                folder.rmdir()
        raise NotWritten(str(path), error) from error


def make_folder(path: Path, made: list[Path] | None = None) -> None:
    """Make it and those above it, as the umask has it; ``made`` gets the new ones."""
    if path.is_dir():
        return
    make_folder(path.parent, made)
    try:
        path.mkdir()
    except FileExistsError:  # just made by somebody else
        if not path.is_dir():
            raise
    else:
        if made is not None:
            made.append(path)


def write_all(descriptor: int, content: bytes) -> None:
    """Write the whole of ``content``, in as many calls as the system needs."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_json(path: Path, content: Any) -> None:
    """Make ``content``, as JSON with sorted keys, the whole of the file, at once."""
    write_bytes(path, json.dumps(content, indent=1, sort_keys=True).encode())


def remember(home: Home, path: Path, content: bytes) -> None:
    """Keep what could be computed again; in a home that is read-only it is computed again."""
    if home.writable:
        write_bytes(path, content)


def canonical_json(content: Any) -> str:
    """One spelling for equal contents, so that it can be hashed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_id(content: Any, length: int = 12) -> str:
    """Hash a content of JSON; equal contents have one id."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:length]


def file_sum(path: Path) -> str:
    """sha256 of a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
