"""An architecture that one file registers is trained, compressed, packed and loaded by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from shell import Shell
from tiny_folder import draw_folder
from torch import Tensor, nn
from visit import page

import lcc_core
from lcc_core.data.catalog import load_tiles
from lcc_core.errors import ModelError
from lcc_core.files import Home
from lcc_core.models import ARCHITECTURES, Architecture, ModelSpec, build
from lcc_core.training.batches import gather


class Plain(nn.Module):
    """Two convolutions and a linear head."""

    def __init__(self, classes: int, bands: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(bands, width, 3, 2, 1)
        self.second = nn.Conv2d(width, 16, 3, 2, 1)
        self.head = nn.Linear(16, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x).relu()).relu()
        return self.head(x.mean((2, 3)))


def make(spec: ModelSpec, _: str) -> nn.Module:
    return Plain(spec.classes, spec.bands, spec.options["width"])


TOY = Architecture(
    "toy",
    "Toy net",
    "Two convolutions.",
    "this test",
    0.001,
    make,
    limits={"width": 64},
    options=lambda bands: {"width": 4 * bands},
)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    ARCHITECTURES.register(TOY)
    yield
    ARCHITECTURES.forget("toy")


def test_train_compress_pack_and_load(
    capsys: pytest.CaptureFixture[str], home: Home, tmp_path: Path
) -> None:
    shell = Shell(capsys, home.root)
    shell("data", "import", "mine", draw_folder(tmp_path / "source"))
    trained = shell.json("train", "--data", "mine", "--arch", "toy", "--epochs", 2, "--batch", 8)
    packed = tmp_path / "toy.lcc"
    row = shell.json("compress", trained["id"], "--bits", 4, "--out", packed)
    assert row["average_bits"] == 4
    model = lcc_core.load(packed)
    assert model.spec.options == {"width": 12}
    tiles = load_tiles("mine", home)
    with torch.inference_mode():
        answers = model(gather(tiles, torch.arange(len(tiles)).numpy())).argmax(1)
    assert answers.shape == (len(tiles),)
    assert shell.json("measure", packed)["oa"] == pytest.approx(row["oa"])
    test = page("train")
    options = next(box for box in test.selectbox if box.label == "Architecture").options
    assert "Toy net · 0.001 M" in options
    study = 'data = "mine"\narchs = ["toy"]\nbits = [8]\n[recipe]\nepochs = 2\nbatch = 8\n'
    (tmp_path / "grid.toml").write_text(study)
    shell("study", "run", tmp_path / "grid.toml")
    rows = shell.json("results")["results"]
    bits = {round(one["average bits"], 3) for one in rows if one["architecture"] == "toy"}
    assert bits == {4, 8}


def test_what_it_does_not_have_is_said() -> None:
    spec = ModelSpec("toy", ("a", "b"), (0.5,), (0.5,), {"width": 3})
    with pytest.raises(ModelError, match="toy has no imagenet weights"):
        build(spec, "imagenet")
    with pytest.raises(ValueError, match="width=65"):
        ModelSpec("toy", ("a", "b"), (0.5,), (0.5,), {"width": 65})
    with pytest.raises(ValueError, match="options='depth'"):
        ModelSpec("toy", ("a", "b"), (0.5,), (0.5,), {"depth": 2})
    with pytest.raises(ModelError, match="no architecture 'tay'"):
        build(ModelSpec("tay", ("a", "b"), (0.5,), (0.5,)))
