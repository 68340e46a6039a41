"""Tiles from zips and folders: odd files, damaged files, and what the errors say."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lcc_core.data.catalog import DATASETS, import_tiles, load_tiles, stored
from lcc_core.data.imagefolder import list_images
from lcc_core.errors import Cancelled, DataError
from lcc_core.files import Home
from lcc_core.hooks import Hooks

STOPPED = Hooks(should_stop=lambda: True)


def png(mode: str = "RGB", size: tuple[int, int] = (16, 16), colour: object = 90) -> bytes:
    channels = {"L": colour, "RGB": (colour,) * 3, "RGBA": (colour,) * 3 + (255,)}
    stream = io.BytesIO()
    Image.new(mode, size, channels[mode]).save(stream, "PNG")
    return stream.getvalue()


def files() -> dict[str, bytes]:
    found = {f"set/{c}/{c}{n}.png": png(colour=40 * i) for i, c in enumerate("ab") for n in (0, 1)}
    return found | {"set/readme.txt": b"no image"}


def write(root: Path, content: dict[str, bytes], kind: str) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(root / "source.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return root / "source.zip"
    for name, data in content.items():
        path = root / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root / "source"


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_odd_images(home: Home, tmp_path: Path, kind: str) -> None:
    content = files() | {
        "set/a/grey.png": png("L", colour=77),
        "set/b/alpha.png": png("RGBA", colour=88),
        "set/b/large.png": png(size=(20, 12), colour=99),
        "__MACOSX/set/a/._a0.png": b"junk",
        "set/.hidden/x.png": b"junk",
    }
    tiles = import_tiles("mine", write(tmp_path, content, kind), home)
    assert tiles.class_names == ("a", "b") and tiles.images.shape == (7, 16, 16, 3)
    assert tiles.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert sorted(int(tile[8, 8, 0]) for tile in tiles.images) == [0, 0, 40, 40, 77, 88, 99]
    again = load_tiles("mine", home)
    np.testing.assert_array_equal(again.images, tiles.images)
    assert again.fingerprint == tiles.fingerprint
    assert [info.name for info in stored(home)] == ["mine"]


def test_zip_and_folder_are_the_same(home: Home, tmp_path: Path) -> None:
    one, two = (import_tiles(k, write(tmp_path, files(), k), home) for k in ("zip", "folder"))
    assert one.fingerprint == two.fingerprint


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_files_that_nobody_reads_are_not_dropped(home: Home, tmp_path: Path, kind: str) -> None:
    """A class of another format would be missing, and nobody would know."""
    content = files() | {f"set/c/c{n}.jp2": b"pixels" for n in (0, 1)}
    message = r"set/c/c0\.jp2 has the ending \.jp2, which no reader of a tile knows, and so it is "
    with pytest.raises(DataError, match=message + "with 1 more"):
        import_tiles("mine", write(tmp_path, content, kind), home)
    assert not list(home.tiles.glob("*"))


def sixteen_bits(kind: str, dtype: type = np.uint16) -> bytes:
    stream = io.BytesIO()
    Image.fromarray((300 * np.arange(256).reshape(16, 16)).astype(dtype)).save(stream, kind)
    return stream.getvalue()


def rgb_of_16_bits() -> bytes:
    """A PNG of three bands of 16 bits, which Pillow would give in 8 without a word."""
    rows = b"".join(b"\0" + bytes(range(96)) for _ in range(16))
    chunks = b""
    header = b"IHDR" + struct.pack(">2I5B", 16, 16, 16, 2, 0, 0, 0)
    for body in (header, b"IDAT" + zlib.compress(rows), b"IEND"):
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("name", "data", "dtype"),
    [
        ("deep.png", sixteen_bits("PNG"), "uint16"),
        ("deep.tif", sixteen_bits("TIFF"), "uint16"),
        ("real.tif", sixteen_bits("TIFF", np.float32), "float32"),
        ("wide.tif", sixteen_bits("TIFF", np.int32), "uint32"),
        ("colour.png", rgb_of_16_bits(), "uint16"),
    ],
)
def test_more_than_8_bits_are_refused(
    home: Home, tmp_path: Path, name: str, data: bytes, dtype: str
) -> None:
    source = write(tmp_path, files() | {f"set/b/{name}": data}, "zip")
    message = rf"set/b/{name} holds {dtype} values, and tiles are stored as uint8"
    with pytest.raises(DataError, match=message):
        import_tiles("mine", source, home)
    assert Image.open(io.BytesIO(data)).size == (16, 16)  # the file itself is sound


def test_chosen_size(home: Home, tmp_path: Path) -> None:
    tiles = import_tiles("mine", write(tmp_path, files(), "zip"), home, size=8)
    assert tiles.size == (8, 8)


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("data", [b"", b"junk", png()[:60]])
def test_corrupt_image_is_named(home: Home, tmp_path: Path, kind: str, data: bytes) -> None:
    source = write(tmp_path, files() | {"set/b/bad.png": data}, kind)
    with pytest.raises(DataError, match=r"b/bad\.png is not a readable image"):
        import_tiles("mine", source, home)
    assert not stored(home) and not list(home.tiles.glob("*"))


@pytest.mark.parametrize("flip", [0x06, 0x07, 0xFF])
def test_damaged_zip_member(home: Home, tmp_path: Path, flip: int) -> None:
    source = write(tmp_path, files(), "zip")
    content = bytearray(source.read_bytes())
    start = zipfile.ZipFile(source).infolist()[0].header_offset
    content[start + 30 + len("set/a/a0.png")] ^= flip
    source.write_bytes(content)
    with pytest.raises(DataError, match=r"a0\.png is not a readable image"):
        import_tiles("mine", source, home)


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_one_class(home: Home, tmp_path: Path, kind: str) -> None:
    only = {name: data for name, data in files().items() if "/b/" not in name}
    with pytest.raises(DataError, match="2 images in 1 class folders"):
        import_tiles("mine", write(tmp_path, only, kind), home)


def test_no_archive(home: Home, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="not a readable zip"):
        import_tiles("mine", tmp_path / "x.zip", home)
    with pytest.raises(DataError, match="does not exist"):
        import_tiles("mine", tmp_path / "missing", home)
    with pytest.raises(DataError, match=r"not EuroSAT RGB: missing .*unknown a, b"):
        import_tiles("eurosat", write(tmp_path, files(), "zip"), home)


def test_stop_keeps_nothing(home: Home, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        import_tiles("mine", write(tmp_path, files(), "zip"), home, hooks=STOPPED)
    assert not list(home.tiles.glob("*"))


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_damaged_stored_set(home: Home, tmp_path: Path, name: str, share: float) -> None:
    import_tiles("mine", write(tmp_path, files(), "zip"), home)
    path = home.tiles / "mine" / name
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"'mine' is damaged.*Import it again"):
        load_tiles("mine", home)


@pytest.mark.skipif(not os.environ.get("LCC_DATA"), reason="LCC_DATA names no folder of archives")
@pytest.mark.parametrize(
    ("name", "archive"), [("eurosat", "EuroSAT*.zip"), ("ucmerced", "UCMerced*.zip")]
)
def test_real_archives(name: str, archive: str) -> None:
    path = next((Path(os.environ["LCC_DATA"]) / name).glob(archive), None)
    if path is None:
        pytest.skip(f"{archive} is not there")
    with list_images(path) as listing:
        assert len(listing.names) == DATASETS[name].tiles
        assert set(listing.class_names) == set(DATASETS[name].classes)
