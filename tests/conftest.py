"""Few threads, a home folder of its own for every test, and a tiny data set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lcc_core.files import Home

# Before torch loads; the processes that tests start inherit it.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


# What takes longest goes first, so that no worker is left alone with it at the end.
LONGEST = ("test_jobs.py", "test_pages.py", "test_journeys.py", "test_channels.py", "_journey")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST) if name in item.path.name), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty home that ``LCC_HOME`` names; nothing ships."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("LCC_HOME", str(root))
    monkeypatch.setenv("LCC_STUDIES", str(tmp_path / "studies"))
    yield Home.find(root)


def draw_folder(root: Path, tiles: int = 12, size: int = 16) -> Path:
    """Four class folders of small PNGs; each class has a colour of its own, with noise."""
    generator = np.random.default_rng(0)
    colours = {"forest": (30, 80, 40), "river": (40, 60, 140), "road": (120, 120, 110)}
    for name, colour in {**colours, "wheat": (190, 170, 80)}.items():
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(tiles):
            noise = generator.normal(0, 25, (size, size, 3))
            pixels = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}_{number}.png")
    return root


@pytest.fixture(scope="session")
def tile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ImageFolder of 4 classes × 12 tiles of 16×16."""
    return draw_folder(tmp_path_factory.mktemp("tiles") / "source")
