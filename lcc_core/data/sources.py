"""Where images come from: a zip archive or a folder, read without trust.

Nothing is unpacked to the disk. Counts and sizes are known, and bounded, before a file is read.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lcc_core.data.limits import MOST_FILES
from lcc_core.errors import DataError
from lcc_core.inputs import open_regular, unreadable
from lcc_core.units import size

LARGEST_FILE = 256 * 2**20  # bytes of one image file, unpacked
# Only these give no more than they are asked for: a few bytes of bzip2 unpack to gigabytes at once.
PACKED = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
ENTRY = b"PK\x01\x02"  # how every member begins in an archive's list
ENCRYPTED = 0x1


@dataclass(frozen=True)
class Source:
    """``sizes``: unpacked bytes of each file by its relative name, in order, as the source says.

    ``read`` gives no more than that. ``bytes``: of the archive, or of all files of the folder.
    ``others``: names of the files with other endings, hidden ones left out.
    """

    title: str
    sizes: dict[str, int]
    bytes: int
    read: Callable[[str], bytes]
    others: tuple[str, ...] = ()


@contextmanager
def open_source(path: Path, suffixes: tuple[str, ...]) -> Generator[Source]:
    """Open a zip archive or folder: the files whose names end in one of the ``suffixes``.

    Hidden files are left out, and links to folders are not followed. Raises ``DataError``.
    """
    if path.is_dir():
        yield _folder(path, suffixes)
        return
    with open_regular(path) as file:
        check_count(path.name, _count(file))
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # a damaged list leads its reader to many kinds
            raise _no_archive(path, error) from error
        with archive:
            yield _archive(path, archive, suffixes)


def check_count(title: str, files: int) -> None:
    """Raise ``DataError`` for more files than can be imported."""
    if files > MOST_FILES:
        raise DataError(
            f"{title} holds {files:,} files or more.",
            f"Up to {MOST_FILES:,} can be imported: take a part of them.",
        )


def is_hidden(name: str) -> bool:
    """Tell whether a relative path leads through what systems hide."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _check_size(name: str, count: int) -> None:
    if count > LARGEST_FILE:
        raise DataError(
            f"{name} unpacks to {size(count)}.", f"An image may have up to {size(LARGEST_FILE)}."
        )


def _folder(root: Path, suffixes: tuple[str, ...]) -> Source:
    def refuse(error: OSError) -> None:
        raise unreadable(Path(error.filename or root), error) from error

    names: list[str] = []
    others: list[str] = []
    seen = 0
    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not is_hidden(name)]
        seen += len(files) + len(folders)
        check_count(root.name, seen)
        inside = Path(folder).relative_to(root)
        for name in files:
            if not is_hidden(name):
                fits = name.lower().endswith(suffixes)
                (names if fits else others).append((inside / name).as_posix())
    sizes: dict[str, int] = {}
    for name in sorted(names, key=lambda name: name.split("/")):
        try:
            sizes[name] = os.stat(root / name).st_size
        except OSError as error:
            raise unreadable(root / name, error) from error

    def read(name: str) -> bytes:
        _check_size(name, sizes[name])
        with open_regular(root / name) as file:
            try:
                return file.read(sizes[name])
            except OSError as error:
                raise unreadable(root / name, error) from error

    return Source(root.name, sizes, sum(sizes.values()), read, tuple(sorted(others)))


def _count(file: BinaryIO) -> int:
    """Count at most how many members an archive lists, whatever number it claims.

    ``zipfile`` makes an object of every member at once: a million take half a gigabyte.
    """
    try:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # what ZipFile itself goes by
    except (OSError, struct.error):
        return 0
    if not end:
        return 0
    length, place = end[5], end[9]
    room = 4096  # records of large archives lie between the list and its end
    file.seek(max(0, place - length - room))
    found, rest = 0, b""
    while file.tell() < place and (part := file.read(min(1 << 20, place - file.tell()))):
        found += (rest + part).count(ENTRY)
        rest = part[1 - len(ENTRY) :]
    file.seek(0)
    return found


def _archive(path: Path, archive: zipfile.ZipFile, suffixes: tuple[str, ...]) -> Source:
    members: dict[str, zipfile.ZipInfo] = {}
    others: list[str] = []
    for member in archive.infolist():
        name = member.filename
        if not name.lower().endswith(suffixes):
            if not member.is_dir() and not is_hidden(name):
                others.append(name)
            continue
        if name.startswith("/") or ".." in name.split("/"):
            raise DataError(
                f"{path.name} holds the name {name!r}, which leads out of it.",
                "Get the archive from someone you trust, or pack it again.",
            )
        if is_hidden(name):
            continue
        if name in members:
            raise DataError(
                f"{path.name} holds {name!r} twice.", "Pack it again with every file once."
            )
        members[name] = member
    members = dict(sorted(members.items()))
    sizes = {name: member.file_size for name, member in members.items()}

    def read(name: str) -> bytes:
        member = members[name]
        _check_size(name, member.file_size)
        if member.flag_bits & ENCRYPTED or member.compress_type not in PACKED:
            encrypted = member.flag_bits & ENCRYPTED
            raise DataError(
                f"{name} in {path.name} is "
                f"{'encrypted' if encrypted else 'packed in a way that is not read here'}.",
                "Unpack the archive and name the folder, or pack it again with deflate.",
            )
        try:
            with archive.open(member) as file:
                # With a number, a member that is longer than it says is not unpacked further.
                return file.read(member.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise DataError(
                f"{name} is not a readable image ({error}).",
                "Remove it or copy it again, then import once more; nothing was stored.",
            ) from error

    return Source(path.name, sizes, path.stat().st_size, read, tuple(sorted(others)))


def _no_archive(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} is not a readable zip archive ({error}).",
        "Download it again, or unpack it and name the folder.",
    )
