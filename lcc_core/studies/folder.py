"""A study's folder: what was asked for, what failed, and whether it shall rest."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from lcc_core.errors import LccError
from lcc_core.files import Home, NotWritten, write_bytes, write_json
from lcc_core.studies.spec import Study
from lcc_core.unreadable import ODD, Found, Unreadable, listed, read_json, read_text, reason

STUDY, PRINTS, PAUSED, ERRORS = "study.toml", "data.json", "paused", "errors"


@dataclass(frozen=True)
class Folder:
    """A study as it is stored."""

    path: Path
    study: Study

    @property
    def id(self) -> str:
        """The study's id."""
        return self.path.name

    @property
    def prints(self) -> dict[str, str]:
        """Fingerprints of the data it was run on last; empty before it was run."""
        with contextlib.suppress(*ODD):
            return dict(read_json(self.path / PRINTS))
        return {}


def _root(home: Home) -> Path:
    return home.folder("studies")


def save(home: Home, study: Study) -> Folder:
    """Write the study down in its folder, if it is not there yet."""
    path = _root(home) / study.id
    text = study.to_toml().encode()
    file = path / STUDY
    if not (file.is_file() and file.read_bytes() == text):
        write_bytes(file, text)
    return Folder(path, study)


def write_prints(folder: Folder, prints: dict[str, str]) -> None:
    """Remember the fingerprints of the data it runs on."""
    if folder.prints != prints:
        write_json(folder.path / PRINTS, prints)


def studies(home: Home) -> Found[Folder]:
    """Newest first, and those that cannot be read."""
    paths = listed(_root(home))
    found: list[tuple[float, Folder]] = []
    bad = list(paths.unreadable)
    for path in paths:
        try:
            text = read_text(path / STUDY)
            found.append(((path / STUDY).stat().st_mtime, Folder(path, Study.from_toml(text))))
        except ODD as error:
            # Being forgotten, or its errors alone are left; what ships lies there as files.
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                bad.append(Unreadable.of(path / STUDY, error))
    found.sort(key=lambda one: one[0], reverse=True)
    return Found((one for _, one in found), bad)


def find(home: Home, wanted: str) -> Folder:
    """By its id, the beginning of one, or its name."""
    every = studies(home)
    found = [one for one in every if wanted and one.id.startswith(wanted)]
    found = found or [one for one in every if one.study.name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id for one in found)
        raise LccError(f"{wanted!r} fits {len(found)} studies: {ids}.", "Give the id.")
    raise LccError(f"There is no study {wanted!r}.", "See `lcc study status`.")


def forget(folder: Folder) -> None:
    """The study alone: what it measured stays in the results table."""
    shutil.rmtree(folder.path, ignore_errors=True)


def pause(path: Path) -> None:
    """Every runner of the study stops after the step it is in."""
    try:
        (path / PAUSED).touch()
    except OSError as error:
        raise NotWritten(str(path / PAUSED), error) from error


def unpause(folder: Folder) -> None:
    """Let its runners go on."""
    (folder.path / PAUSED).unlink(missing_ok=True)


def paused(path: Path) -> bool:
    """Whether its runners shall stop: for a while, or because it was forgotten."""
    return (path / PAUSED).exists() or not (path / STUDY).exists()


def write_error(path: Path, step: str, what: str, fix: str, traceback: str = "") -> None:
    """Keep how a step failed; with a ``traceback`` it was by a fault of the program."""
    content = {"error": what, "fix": fix}
    if traceback:
        where = f"This is a fault of the program; each point keeps its traceback in {path / ERRORS}"
        content = {"error": f"{what}.", "fix": f"{where}.", "traceback": traceback}
    write_json(path / ERRORS / f"{step}.json", content)


def read_error(path: Path, step: str) -> tuple[str, str]:
    """What is wrong and what to do; two empty texts where nothing is."""
    try:
        content = read_json(path / ERRORS / f"{step}.json")
        return str(content["error"]), str(content["fix"])
    except FileNotFoundError:
        return "", ""
    except ODD as error:
        return "What went wrong cannot be read", f"({reason(error)}). Run the study again."


def forget_error(path: Path, step: str) -> None:
    """Forget how a step failed: it is tried again."""
    (path / ERRORS / f"{step}.json").unlink(missing_ok=True)
