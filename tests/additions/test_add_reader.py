"""A reader that one file registers imports tiles and scenes by an ending of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_scene
from shell import Shell
from tiny_folder import draw_folder
from visit import page, words

from lcc_core.data.catalog import load_tiles
from lcc_core.data.readers import READERS, OpenedTile, Raster, Reader, Wanted
from lcc_core.data.scene import Scene
from lcc_core.errors import DataError
from lcc_core.files import Home

# Height, width and bands as single bytes, the type's letter, then the values.
TYPES = {b"b": np.uint8, b"h": np.uint16, b"f": np.float32}


def write(path: Path, values: np.ndarray) -> None:
    letter = next(key for key, kind in TYPES.items() if values.dtype == kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(values.shape) + letter + values.tobytes())


def parse(content: bytes, name: str) -> np.ndarray:
    shape, letter = tuple(content[:3]), content[3:4]
    if letter not in TYPES or len(content) != 4 + np.prod(shape) * np.dtype(TYPES[letter]).itemsize:
        raise DataError(f"{name} is not a readable toy file.", "Write it again.")
    return np.frombuffer(content[4:], TYPES[letter]).reshape(shape)


def open_toy(content: bytes, name: str) -> OpenedTile:
    values = parse(content, name)

    def decode(height: int, width: int) -> Raster:
        rows = np.arange(height) * values.shape[0] // height
        columns = np.arange(width) * values.shape[1] // width
        return Raster(values[rows][:, columns], band_names=("red", "edge"))

    return OpenedTile(name, values.shape, values.dtype, decode)


def read_toy(path: Path, wanted: Wanted) -> Raster:
    return Raster(parse(path.read_bytes(), path.name))


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    READERS.register(Reader("toy", "A toy array.", (".toy",), open_toy, read_toy))
    yield
    READERS.forget("toy")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home) -> Shell:
    return Shell(capsys, home.root)


def draw(root: Path, dtype: type = np.uint8, bands: int = 2) -> Path:
    for label, name in enumerate(("field", "lake")):
        for number in range(4):
            values = np.full((8, 8, bands), 50 * label + number, dtype)
            write(root / name / f"{number}.toy", values)
    return root


def test_tiles_of_two_bands_import_and_train(shell: Shell, home: Home, tmp_path: Path) -> None:
    source = draw(tmp_path / "source")
    write(source / "lake" / "large.TOY", np.full((16, 16, 2), 99, np.uint8))
    made = shell.json("data", "import", "mine", source)
    assert (made["tiles"], made["size"], made["bands"]) == (9, [8, 8], 2)
    tiles = load_tiles("mine", home)
    assert sorted({int(one.max()) for one in tiles.images}) == [0, 1, 2, 3, 50, 51, 52, 53, 99]
    with pytest.raises(SystemExit):
        shell("data", "import", "--help")
    assert "A toy array." in shell.capsys.readouterr().out
    test = page("data", set="mine")
    assert not test.exception and "`.toy`" in words(test)
    train = ("train", "--data", "mine", "--arch", "compact", "--epochs", 1, "--batch", 2)
    assert shell.json(*train)["id"]


def test_a_cube_and_its_label_map_import(shell: Shell, home: Home, tmp_path: Path) -> None:
    cube, labels = tiny_scene.draw()
    write(tmp_path / "cube.toy", cube)
    write(tmp_path / "labels.toy", labels.astype(np.uint8)[..., None])
    shell("data", "import", "ground", tmp_path / "cube.toy", tmp_path / "labels.toy", "--patch", 5)
    scene = load_tiles("ground", home)
    assert isinstance(scene, Scene)
    np.testing.assert_array_equal(scene.cube, cube)


@pytest.mark.parametrize(
    ("dtype", "bands", "message"),
    [
        (np.uint16, 2, "0.toy holds uint16 values, and tiles are stored as uint8"),
        (np.float32, 2, "0.toy holds float32 values"),
        (np.uint8, 3, "odd.toy has 2 bands, and most others have 3"),
    ],
)
def test_what_cannot_be_stored_is_refused(
    shell: Shell, home: Home, tmp_path: Path, dtype: type, bands: int, message: str
) -> None:
    source = draw(tmp_path / "source", dtype, bands)
    write(source / "lake" / "odd.toy", np.zeros((8, 8, 2), dtype))
    refused = shell.json("data", "import", "mine", source, code=2)
    assert message in refused["error"]
    assert not list(home.tiles.glob("*"))


def test_a_file_goes_to_the_reader_that_claims_it(shell: Shell, home: Home, tmp_path: Path) -> None:
    """Toy arrays called .png are read beside real ones, each by its own reader."""

    def claims(head: bytes) -> bool:
        return head[:4] == bytes((8, 8, 3)) + b"b"

    READERS.register(Reader("other", "Toys called PNG.", (".png",), open_toy, claims=claims))
    try:
        source = draw_folder(tmp_path / "source", 2, 8)
        write(source / "toy.toy", np.full((8, 8, 3), 77, np.uint8))
        (source / "toy.toy").rename(source / "road" / "toy.png")
        assert shell.json("data", "import", "mine", source)["tiles"] == 9
        images = load_tiles("mine", home).images
        assert sum(bool((one == 77).all()) for one in images) == 1
    finally:
        READERS.forget("other")


def test_an_ending_that_nobody_knows_is_refused(shell: Shell, tmp_path: Path) -> None:
    source = draw(tmp_path / "source")
    READERS.forget("toy")
    refused = shell.json("data", "import", "mine", source, code=2)
    assert "field/0.toy has the ending .toy, which no reader of a tile knows" in refused["error"]
    assert "and so it is with 7 more" in refused["error"]
    assert "Known are .tif, .tiff, .jpg, .jpeg, .png:" in refused["fix"]
