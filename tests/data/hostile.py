"""Files that mean harm, made in the test that wants them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image

SHORT, LONG, SLONG8 = 3, 4, 17


def eps(marker: Path) -> bytes:
    """A page of PostScript whose program writes the file ``marker``."""
    return (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\n"
        + f"({marker}) (w) file dup (written) writestring closefile\n".encode()
        + b"0 0 16 16 rectfill showpage\n%%EOF\n"
    )


def picture(kind: str, size: tuple[int, int] = (16, 16), colour: int = 90) -> bytes:
    """A plain image in one of Pillow's formats."""
    stream = io.BytesIO()
    Image.new("RGB", size, (colour,) * 3).save(stream, kind)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds 1 kB."""
    start = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = b""
    for body in (start, b"IDAT" + zlib.compress(bytes(1000)), b"IEND"):
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiled_tiff(side: int, kind: int = LONG, second: int = 0) -> bytes:
    """A deflated TIFF of 16×16 pixels in tiles of ``side``; with ``second``, named once more.

    Numbers of the ``kind`` SLONG8 need a BigTIFF.
    """
    sides = [side, second] if second else [side]
    tags = [(256, LONG, 16), (257, LONG, 16), (258, SHORT, 8), (259, SHORT, 8), (262, SHORT, 1)]
    tags += [(277, SHORT, 1), *((322, kind, s) for s in sides), *((323, kind, s) for s in sides)]
    tags += [(324, LONG, 400), (325, LONG, 3000)]
    big = kind == SLONG8
    out = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<I", 8)
    out += struct.pack("<Q" if big else "<H", len(tags))
    for tag, of, value in tags:
        out += struct.pack("<HHQQ" if big else "<HHII", tag, of, 1, value)
    return (out + bytes(8)).ljust(400, b"\0") + zlib.compress(bytes(4096)).ljust(4000, b"\0")


def pack(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def understate(path: Path, size: int) -> Path:
    """Every member of an archive says that it unpacks to so many bytes, with their checksum."""
    content = bytearray(path.read_bytes())
    told = struct.pack("<I", size)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            sums = struct.pack("<I", zlib.crc32(archive.read(member)[:size]))
            place = member.header_offset
            content[place + 14 : place + 18], content[place + 22 : place + 26] = sums, told
    place = content.find(b"PK\x01\x02")
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            sums = struct.pack("<I", zlib.crc32(archive.read(member)[:size]))
            content[place + 16 : place + 20], content[place + 24 : place + 28] = sums, told
            place = content.find(b"PK\x01\x02", place + 4)
    path.write_bytes(content)
    return path


def list_of(path: Path, count: int, claimed: int) -> Path:
    """An archive that lists ``count`` empty images and says they are ``claimed``."""
    names = [b"%c/%07d.png" % (b"ab"[n % 2], n) for n in range(count)]
    entries = b"".join(
        struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 4, 33, *[0] * 3, len(name),
                    *[0] * 6) + name
        for name in names
    )  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, claimed, claimed, len(entries), 0, 0)
    path.write_bytes(entries + end)
    return path
