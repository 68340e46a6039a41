"""Data sets that one file registers are listed, imported and shown under their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from shell import Shell
from tiny_folder import draw_folder
from visit import page, words

from lcc_core.data.download import Archive
from lcc_core.data.sets import DATASETS, DataSet
from lcc_core.data.stored import About, store
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.hooks import Hooks


def stripes(home: Home, _: Hooks) -> TileSet:
    labels = np.arange(8) % 2

    def fill(images: np.ndarray) -> None:
        images[:] = (200 * labels)[:, None, None, None]

    return store(home, About("stripes", ("dark", "light"), "Stripes"), (8, 8, 8, 3), labels, fill)


def class_of(file: PurePosixPath) -> str:
    return file.name.partition("_")[0]


TOYS = (
    DataSet(
        "fields",
        "Toy fields",
        "48 tiles of 16×16 pixels in four classes.",
        "made in a test",
        ("forest", "river", "road", "wheat"),
        48,
        archive=Archive("http://example.org/fields.zip", 12_000_000, md5="0" * 32),
        class_of=class_of,
    ),
    DataSet(
        "stripes", "Stripes", "8 drawn tiles.", "made in a test", ("dark", "light"), 8,
        synthetic=True, draw=stripes,
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    for toy in TOYS:
        DATASETS.register(toy)
    yield
    for toy in TOYS:
        DATASETS.forget(toy.name)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home) -> Shell:
    return Shell(capsys, home.root)


def test_listed_imported_and_checked(shell: Shell, tmp_path: Path) -> None:
    told = shell("data", "list")
    assert "Toy fields" in told and "lcc data import fields PATH" in told
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in draw_folder(tmp_path / "source").rglob("*.png"):
        path.rename(flat / path.name)  # a class is told by the beginning of a file's name
    made = shell.json("data", "import", "fields", flat)
    assert made["tiles"] == 48 and made["class_names"] == list(TOYS[0].classes)
    assert shell.json("data", "info", "fields")["licence"] == "made in a test"
    for path in flat.glob("wheat*"):
        path.unlink()
    refused = shell.json("data", "import", "fields", flat, code=2)
    assert refused["error"] == "flat is not Toy fields: missing wheat."


def test_drawn_on_first_use(shell: Shell) -> None:
    assert "drawn on first use" in shell("data", "list")
    assert shell.json("data", "download", "stripes")["tiles"] == 8
    refused = shell.json("data", "import", "stripes", "x.zip", code=2)
    assert refused["error"] == "The name 'stripes' is taken by the synthetic tiles."


def test_on_the_pages(home: Home) -> None:
    test = page("data")
    assert not test.exception
    kinds = next(box for box in test.selectbox if box.label == "What it is").options
    assert "fields" in kinds and "stripes" not in kinds
    labels = [button.label for button in test.button]
    assert "Download fields, 12 MB" in labels and "Draw the stripes tiles" in labels
    assert "Toy fields" in words(test)
    test = page("train")
    assert "stripes" in test.selectbox(key="data").options
