"""The outside of a packed file: a safetensors container of three byte arrays and a JSON header.

Read in two steps, so that nothing is taken into memory that the header does not account for.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lcc_core.errors import CheckpointError
from lcc_core.files import canonical_json
from lcc_core.inputs import open_regular
from lcc_core.reading import Shortened, parse_json, value_of, values_of

FORMAT, VERSION = "lcc-packed", 1
BLOBS = ("codes", "sides", "index")
LARGEST_HEADER = 4 * 2**20  # a confusion matrix of 1,000 classes takes half of it
# What is read from a header beside the spec; the rest is only shown.
SPLIT = {"protocol": str, "seed": int}
MEASUREMENT = {
    "data": str, "fingerprint": str, "checkpoint": str, "oa": float,
    "float_bytes": int, "recalibrated": int,
}  # fmt: skip
ALIGNED = 8  # safetensors pads its header to a multiple of so many bytes


@dataclass(frozen=True, eq=False)
class Container:
    """An open packed file: its ``name``, ``length`` in bytes, ``header``, and where blobs lie."""

    file: BinaryIO
    name: str
    length: int
    header: dict[str, Any]
    places: dict[str, tuple[int, int]]

    def size(self, blob: str) -> int:
        """Bytes of a blob."""
        start, stop = self.places[blob]
        return stop - start

    def blobs(self) -> dict[str, bytes]:
        """The content; ``CheckpointError`` where it is not what the checksum is of."""
        found = {}
        for blob in BLOBS:
            self.file.seek(self.places[blob][0])
            found[blob] = self.file.read(self.size(blob))
        if digest(self.header, found) != self.header.get("sha256"):
            raise damaged(self.name, "its checksum does not fit")
        return found


def damaged(name: str, error: object) -> CheckpointError:
    """Tell that a packed file is damaged, and what to do."""
    return CheckpointError(
        f"{name} is damaged or is not a packed checkpoint ({error}).",
        "Get it again, or make a new one with `lcc compress`.",
    )


def digest(header: dict[str, Any], blobs: dict[str, bytes]) -> str:
    """sha256 of all that a file says: the blobs, and the header but for the sum itself."""
    total = hashlib.sha256()
    for name in BLOBS:
        total.update(len(blobs[name]).to_bytes(8, "little"))
        total.update(blobs[name])
    plain = {key: value for key, value in header.items() if key != "sha256"}
    total.update(canonical_json(plain).encode())
    return total.hexdigest()


def seal(header: dict[str, Any], blobs: dict[str, bytes]) -> bytes:
    """The bytes of the file: the same for the same content, on every run and machine."""
    header = header | {"sha256": digest(header, blobs)}
    metadata = {"format": FORMAT, "version": str(VERSION), "header": canonical_json(header)}
    outside: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    # Written here, not by the safetensors package: that shuffles the metadata anew on every run.
    for name in BLOBS:
        size = len(blobs[name])
        outside[name] = {"dtype": "U8", "shape": [size], "data_offsets": [start, start + size]}
        start += size
    text = json.dumps(outside, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)
    return len(text).to_bytes(8, "little") + text + b"".join(blobs[name] for name in BLOBS)


def open_container(source: str | Path | bytes) -> Container:
    """Header and places of the blobs, checked as far as that goes without reading them."""
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), "The file", len(source))
    file = open_regular(source, CheckpointError)
    try:
        return _read(file, Path(source).name, os.fstat(file.fileno()).st_size)
    except BaseException:
        file.close()
        raise


def is_container(path: Path) -> bool:
    """Whether a file calls itself a packed checkpoint, sound or not."""
    with open_regular(path, CheckpointError) as file:
        try:
            return _metadata(_outside(file))["format"] == FORMAT
        except (ValueError, KeyError):
            return False


def _outside(file: BinaryIO) -> dict[str, Any]:
    size = int.from_bytes(file.read(8), "little")
    if size > LARGEST_HEADER:
        raise ValueError("its header is larger than any of a packed checkpoint")
    text = file.read(size)
    if len(text) < size or not text.startswith(b"{"):
        raise ValueError("it has no header")
    return parse_json(text)


def _metadata(outside: dict[str, Any]) -> dict[str, str]:
    return value_of(outside, "__metadata__", dict)


def _read(file: BinaryIO, name: str, length: int) -> Container:
    try:
        outside = _outside(file)
        start = file.tell()
        metadata = _metadata(outside)
        if metadata.get("format") != FORMAT:
            raise ValueError("it is some other safetensors file")
        version = value_of(metadata, "version", str)
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise ValueError(f"version {Shortened(version)}")
        if int(version) > VERSION:
            raise CheckpointError(
                f"{name} has format version {version}; this program reads up to {VERSION}.",
                "Update this program.",
            )
        places = _places(outside, start, length)
        header = parse_json(value_of(metadata, "header", str))
        if not isinstance(header, dict):
            raise ValueError("its header is no table")
        _check_header(header)
    except ValueError as error:
        raise damaged(name, error) from error
    return Container(file, name, length, header, places)


def _check_header(header: dict[str, Any]) -> None:
    """``ValueError`` that names the key whose value is of a wrong type, of those that are read."""
    value_of(header, "spec", dict)
    split = value_of(value_of(header, "extra", dict), "split", dict, {})
    measured = {} if header.get("measurement") is None else value_of(header, "measurement", dict)
    for content, keys in ((split, SPLIT), (measured, MEASUREMENT)):
        for key, kind in keys.items():
            value_of(content, key, kind, kind())
    for key in ("float_bytes", "recalibrated"):
        if measured.get(key, 0) < 0:
            raise ValueError(f"{key}={measured[key]}")


def _places(outside: dict[str, Any], start: int, length: int) -> dict[str, tuple[int, int]]:
    """Where the blobs lie: one after the other, to the end of the file."""
    if set(outside) != {"__metadata__", *BLOBS}:
        raise ValueError("it holds other arrays")
    places = {}
    for blob in BLOBS:
        entry = value_of(outside, blob, dict)
        place = values_of(entry, "data_offsets", int)
        if len(place) != 2 or value_of(entry, "dtype", str) != "U8":
            raise ValueError(f"its array {blob!r} is none of bytes")
        if values_of(entry, "shape", int) != (place[1] - place[0],):
            raise ValueError(f"its array {blob!r} has another size")
        places[blob] = (start + place[0], start + place[1])
    for begin, end in sorted(places.values()):
        if begin != start or end < begin:
            raise ValueError("its arrays do not lie one after the other")
        start = end
    if start != length:
        raise ValueError(f"it has {length:,} bytes, and its header tells of {start:,}")
    return places
