"""The examples of docs/ADDING.md are run as they stand there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from shell import Shell
from tiny_folder import draw_folder
from world import World

from lcc_core.coresets.methods import METHODS
from lcc_core.data.catalog import load_tiles
from lcc_core.data.readers import READERS
from lcc_core.data.sets import DATASETS
from lcc_core.export import EXPORTERS
from lcc_core.files import Home
from lcc_core.models import ARCHITECTURES

GUIDE = Path(__file__).parents[2] / "docs" / "ADDING.md"
ADDED: dict[str, tuple[Any, str]] = {
    "A data set": (DATASETS, "toyfields"),
    "A reader": (READERS, "ppm"),
    "A coreset method": (METHODS, "surest"),
    "An architecture": (ARCHITECTURES, "plain"),
    "An exporter": (EXPORTERS, "torchscript"),
}


def example(title: str) -> str:
    """The first block of code under a heading."""
    section = GUIDE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return code


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for title, (registry, name) in ADDED.items():
        module = ModuleType(f"example_of_{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look it up there
        exec(compile(example(title), title, "exec"), module.__dict__)
        assert name in registry
    yield
    for registry, name in ADDED.values():
        registry.forget(name)


def test_every_example_works(
    capsys: pytest.CaptureFixture[str], home: Home, world: World, tmp_path: Path
) -> None:
    world.copy(home.root)
    shell = Shell(capsys, home.root)
    shell("data", "import", "toyfields", draw_folder(tmp_path / "source", 8))
    for name in ("a", "b"):
        (tmp_path / "ppm" / name).mkdir(parents=True)
        pixels = b"P6 16 16 255\n" + name.encode() * 768
        (tmp_path / "ppm" / name / "0.ppm").write_bytes(pixels)
    shell("data", "import", "pixels", tmp_path / "ppm")
    assert set(load_tiles("pixels", home).images.ravel().tolist()) == {ord("a"), ord("b")}
    train = ("train", "--data", "toyfields", "--arch", "plain", "--epochs", 1, "--batch", 8)
    model = shell.json(*train)["id"]
    chosen = ("coreset", model, "--method", "surest", "--skip", 1, "--fraction", 0.5)
    assert shell.json(*chosen)["tiles"] == 10
    out = tmp_path / "model.pt"
    made = shell.json("export", model, "--format", "torchscript", "--out", out)
    assert made["agreement"] == 1 and made["bytes"] == out.stat().st_size
