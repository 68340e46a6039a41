"""One archive over HTTP: with progress, resumed where it broke off, checked at the end."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from lcc_core.errors import DataError
from lcc_core.files import make_folder
from lcc_core.hooks import Hooks, Progress

CHUNK = 1 << 18


@dataclass(frozen=True)
class Archive:
    """Where a file lies: ``bytes`` long; its checksum, one of the two, as it was published."""

    url: str
    bytes: int
    md5: str = ""
    sha256: str = ""

    def matches(self, path: Path) -> bool:
        """Compare the checksum of a file."""
        kind, expected = ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)
        with path.open("rb") as file:
            return hashlib.file_digest(file, kind).hexdigest() == expected


def fetch(archive: Archive, folder: Path, hooks: Hooks) -> Path:
    """Download a file and check it. A broken download goes on where it stopped."""
    target = folder / archive.url.rpartition("/")[2]
    if target.is_file() and archive.matches(target):
        return target
    part = target.with_name(target.name + ".part")
    try:
        make_folder(folder)
        _transfer(archive, part, hooks)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise DataError(
            f"{archive.url} could not be downloaded ({getattr(error, 'reason', error)}).",
            "Check the network and try again (it goes on where it stopped), or fetch the archive "
            "elsewhere and import it.",
        ) from error
    if part.stat().st_size != archive.bytes or not archive.matches(part):
        size = part.stat().st_size
        part.unlink()
        raise DataError(
            f"The download of {target.name} is not the published file ({size:,} bytes, expected "
            f"{archive.bytes:,}, or its checksum differs).",
            "Try again later, or fetch the archive elsewhere and import it.",
        )
    part.replace(target)
    return target


def _transfer(archive: Archive, part: Path, hooks: Hooks) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if have >= archive.bytes:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(archive.url, headers=headers)
    began, start = time.monotonic(), have
    with urllib.request.urlopen(request, timeout=30) as response:
        if have and response.status != 206:
            have = start = 0
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read(CHUNK):
                hooks.check()
                file.write(chunk)
                have += len(chunk)
                if have > archive.bytes:
                    return
                rate = (have - start) / max(time.monotonic() - began, 1e-3)
                hooks.progress(
                    Progress(
                        "download",
                        have,
                        archive.bytes,
                        f"{have / 1e6:.0f} of {archive.bytes / 1e6:.0f} MB",
                        (archive.bytes - have) / max(rate, 1.0),
                    )
                )
