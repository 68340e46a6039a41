"""A format that one file registers is written, checked and offered for download."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from shell import Shell
from torch import Tensor
from visit import page
from world import World

from lcc_core.errors import LccError
from lcc_core.export import EXPORTERS, Exporter, by_ending
from lcc_core.files import Home
from lcc_core.models import Classifier
from lcc_core.settings import check_settings, setting


@dataclass(frozen=True)
class Traced:
    """The settings of the toy."""

    frozen: bool = setting(False, "Frozen", "fold what never changes")

    def __post_init__(self) -> None:
        check_settings(self)


def content(config: Traced, model: Classifier, size: tuple[int, int]) -> bytes:
    graph = torch.jit.trace(model.eval(), model.spec.example(2, size))
    stream = io.BytesIO()
    torch.jit.save(torch.jit.freeze(graph) if config.frozen else graph, stream)
    return stream.getvalue()


def answers(path: Path, images: Tensor) -> np.ndarray:
    return torch.jit.load(str(path))(images).argmax(1).numpy()


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    toy = Exporter("traced", "TorchScript", "Runs in libtorch.", ".pt", content, answers, Traced)
    EXPORTERS.register(toy)
    yield
    EXPORTERS.forget("traced")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home, world: World) -> Shell:
    world.copy(home.root)
    return Shell(capsys, home.root)


def test_the_command_writes_and_checks_it(shell: Shell, world: World, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        shell("export", "--help")
    told = shell.capsys.readouterr().out
    assert "|".join(EXPORTERS.names()) in told
    assert "Runs in libtorch." in told and "--frozen" in told
    out = tmp_path / "model.pt"
    made = shell.json("export", world.checkpoint, "--format", "traced", "--out", out)
    assert made["format"] == "traced" and made["agreement"] == 1
    assert made["bytes"] == out.stat().st_size and made["checked"] > 0
    frozen = shell.json("export", world.checkpoint, "--frozen", "--out", out)  # by its ending
    assert frozen["format"] == "traced" and frozen["agreement"] == 1
    refused = shell.json("export", world.checkpoint, "--format", "tf", "--out", out, code=2)
    assert refused["error"] == "There is no export format 'tf'."
    assert refused["fix"] == f"Known are: {', '.join(EXPORTERS.names())}."
    refused = shell.json(
        "export", world.checkpoint, "--format", "onnx", "--frozen", "--out", out, code=2
    )
    assert "--frozen is a setting of the export format traced" in refused["error"]


def test_an_ending_of_no_format_is_refused() -> None:
    with pytest.raises(LccError, match=r"x\.tflite has the ending of no .*\.pt \(traced\)"):
        by_ending(Path("x.tflite"))


@pytest.mark.usefixtures("shell")
def test_the_page_offers_it() -> None:
    test = page("compress")
    assert not test.exception
    labels = [one.proto.label for one in test.get("download_button")]
    assert "Download ONNX" in labels and "Download TorchScript" in labels
