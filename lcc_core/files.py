"""Where things lie on disk, and how they get there without ever being half written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError, require

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.IGNORECASE)


@dataclass(frozen=True)
class Home:
    """The folder that holds everything made at run time."""

    root: Path

    @classmethod
    def find(cls, path: str | Path | None = None) -> Home:
        """``path``, else ``$LCC_HOME``, else the project's ``cache/``."""
        chosen = path or os.environ.get("LCC_HOME") or Path(__file__).parent.parent / "cache"
        root = Path(chosen).expanduser().resolve()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LccError(
                f"The home folder {root} cannot be made: {error.strerror}.",
                "Name a folder you may write to with --home or LCC_HOME.",
            ) from error
        return cls(root)

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

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


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``; fsynced and renamed to it when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise LccError(
            f"{path} could not be written: {error.strerror or error}.",
            "Free some disk space or choose another folder; nothing was overwritten.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    write_bytes(path, json.dumps(content, indent=1, sort_keys=True).encode())


def canonical_json(content: Any) -> str:
    """One spelling for equal contents, so that it can be hashed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_id(content: Any, length: int = 12) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:length]


def file_sum(path: Path) -> str:
    """sha256 of a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
