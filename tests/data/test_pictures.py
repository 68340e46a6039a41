"""Only JPEG, PNG and TIFF are opened, whatever a file is called; sizes are judged from headers."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import hostile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from lcc_core.data.catalog import import_tiles
from lcc_core.data.readers.pictures import LARGEST_SIDE, decode, open_image
from lcc_core.errors import DataError
from lcc_core.files import Home

TILES = {f"{c}/{n}.png": hostile.picture("PNG", colour=40 * n) for c in "ab" for n in range(2)}
OTHERS = {
    "a PostScript program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
    "a PostScript program (EPS)": b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "a GIF image": hostile.picture("GIF"),
    "a BMP image": hostile.picture("BMP"),
    "a WebP image": hostile.picture("WEBP"),
    "a JPEG 2000 image": hostile.picture("JPEG2000"),
    "an icon (ICNS)": hostile.picture("ICNS"),
    "an icon (ICO)": hostile.picture("ICO"),
    "a PDF document": hostile.picture("PDF"),
    "a DDS texture": hostile.picture("DDS"),
    "a Photoshop file": b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\x10\0\0\0\x10\0\x08\0\3" + bytes(800),
    "a FITS file": b"SIMPLE  =                    T".ljust(2880),
    "a Windows metafile (WMF)": b"\xd7\xcd\xc6\x9a\0\0" + bytes(60),
    "a Windows metafile (EMF)": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60),
    "a zip archive": b"PK\x03\x04" + bytes(40),
    "text (HTML, XML or SVG)": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif", "x.PNG"])
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_postscript_is_never_run(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    marker, started = tmp_path / "written", tmp_path / "started"
    ghostscript = tmp_path / "bin" / "gs"
    ghostscript.parent.mkdir()
    ghostscript.write_text(f"#!/bin/sh\necho started >> {started}\necho 10.0\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ghostscript.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)

    def refuse(*words: object, **_: object) -> None:
        raise AssertionError(f"a program was started: {words}")

    members = TILES | {f"b/{name}": hostile.eps(marker)}
    if kind == "zip":
        source = hostile.pack(tmp_path / "x.zip", members)
    else:
        source = tmp_path / "source"
        for path, content in members.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
    with monkeypatch.context() as watched:
        for program in ("Popen", "run", "call", "check_call", "check_output"):
            watched.setattr(subprocess, program, refuse)
        watched.setattr(os, "system", refuse)
        with pytest.raises(DataError, match=r"x\.\w+ is a PostScript program \(EPS\), not a JPEG"):
            import_tiles("mine", source, home)
    assert not started.exists() and not marker.exists()
    assert not list(home.tiles.glob("*"))
    # The trap is set right: asked for any format, Pillow does start it.
    image = Image.open(io.BytesIO(hostile.eps(marker)))
    with pytest.raises(Exception, match=r".*"):
        image.load()
    assert started.exists()


@pytest.mark.parametrize(("what", "content"), OTHERS.items(), ids=list(OTHERS))
def test_other_formats_are_told(what: str, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        open_image(content, "a/x.jpg")
    assert caught.value.what.startswith(f"a/x.jpg is {what}")


def test_no_reader_but_the_three_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    assert len(Image.OPEN) > 30  # every plugin is there, and would be asked

    def refuse(*_: object) -> None:
        raise AssertionError("another reader was asked")

    for name in set(Image.OPEN) - {"JPEG", "PNG", "TIFF"}:
        monkeypatch.setitem(Image.OPEN, name, (refuse, None))
    for content in (*OTHERS.values(), b"", b"junk"):
        with pytest.raises(DataError):
            open_image(content, "x.png")
    for kind in ("JPEG", "PNG", "TIFF"):
        pixels = decode(open_image(hostile.picture(kind), "x.png"), "x.png", 16, 16)
        np.testing.assert_array_equal(pixels, np.full((16, 16, 3), 90))


@pytest.mark.parametrize(
    "content",
    [
        hostile.png_header(LARGEST_SIDE + 1, 8),
        hostile.png_header(8, LARGEST_SIDE + 1),
        hostile.png_header(30_000, 30_000),
        hostile.png_header(2**31 - 1, 2**31 - 1),
        hostile.tiled_tiff(40_000),
        hostile.tiled_tiff(40_000, second=16),
        hostile.tiled_tiff(40_000, hostile.SLONG8),
    ],
)
def test_huge_sides_are_refused_before_decoding(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(DataError, match=r"x\.png is (\d+×\d+ pixels|stored in tiles|not a read)"):
        open_image(content, "x.png")


def test_tiles_of_a_tiff_are_read() -> None:
    image = open_image(hostile.tiled_tiff(64), "x.tif")
    assert decode(image, "x.tif", 16, 16).shape == (16, 16, 3)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(["JPEG", "PNG", "TIFF"]), st.data())
def test_damage_is_told_and_nothing_else(kind: str, data: st.DataObject) -> None:
    content = bytearray(hostile.picture(kind, (24, 16)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(len(content), 400) - 1))] = data.draw(
            st.integers(0, 255)
        )
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        pixels = decode(open_image(bytes(content), "x.png"), "x.png", 24, 16)
    except DataError as error:
        assert error.what.startswith("x.png ") and error.fix
    else:
        assert pixels.shape == (16, 24, 3)
