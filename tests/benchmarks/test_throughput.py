"""Tiles a second against the plain loop everyone writes first, in the same run.

The baseline: float32, torchvision's ImageFolder on JPEG files, a DataLoader, the same network,
optimizer and batch. Real EuroSAT tiles where ``LCC_DATA`` names them, else the demo's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lcc_core.data.catalog import import_tiles, load_tiles
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.measure.evaluate import predict
from lcc_core.models import Classifier, ModelSpec, build
from lcc_core.torchvision_cpu import import_torchvision
from lcc_core.training import make_recipe, train

TILES, BATCH, GOAL = 1536, 128, 2.0


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> TileSet:
    torch.set_num_threads(os.cpu_count() or 1)
    home = Home.find(tmp_path_factory.mktemp("home"))
    archive = Path(os.environ.get("LCC_DATA", "")) / "eurosat" / "EuroSAT.zip"
    if archive.is_file():
        return import_tiles("eurosat", archive, home)
    return load_tiles("demo", home)


@pytest.fixture(scope="module")
def ids(tiles: TileSet) -> np.ndarray:
    return np.linspace(0, len(tiles) - 1, TILES).astype(int)


@pytest.fixture(scope="module")
def loader(
    tiles: TileSet, ids: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> torch.utils.data.DataLoader:
    root = tmp_path_factory.mktemp("folder")
    for index in ids:
        folder = root / tiles.class_names[tiles.labels[index]]
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.asarray(tiles.images[index])).save(folder / f"{index}.jpg", quality=95)
    vision = import_torchvision()
    transform = vision.transforms.Compose(
        [vision.transforms.ToTensor(), vision.transforms.Normalize(tiles.mean, tiles.std)]
    )
    folder = vision.datasets.ImageFolder(str(root), transform)
    return torch.utils.data.DataLoader(folder, BATCH, shuffle=True)


def network(tiles: TileSet) -> Classifier:
    return build(ModelSpec("resnet18", tiles.class_names, tiles.mean, tiles.std))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_training(
    tiles: TileSet, ids: np.ndarray, loader: torch.utils.data.DataLoader, tmp_path: Path
) -> None:
    net: torch.nn.Module = network(tiles).net.train()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    loss = torch.nn.CrossEntropyLoss()

    def plain() -> None:
        for images, labels in loader:
            optimizer.zero_grad()
            loss(net(images), labels).backward()
            optimizer.step()

    split = Split("80/20", 0, ids, ids[:0], ids[:2])
    recipe = make_recipe("resnet18", epochs=1)
    baseline = seconds(plain)
    checkpoint = train(recipe, tiles, split, Home.find(tmp_path))
    ours = checkpoint.log[0]["seconds"]
    print(
        f"\ntraining, ResNet18, {TILES} tiles of {tiles.name}: {TILES / ours:.0f} tiles/s against "
        f"{TILES / baseline:.0f}, {baseline / ours:.2f}×"
    )
    assert baseline / ours >= GOAL


def test_evaluation(tiles: TileSet, ids: np.ndarray, loader: torch.utils.data.DataLoader) -> None:
    model = network(tiles).eval()

    def plain() -> None:
        with torch.no_grad():
            for images, _ in loader:
                model.net(images).argmax(1)

    plain()
    predict(model, tiles, ids)
    baseline, ours = seconds(plain), seconds(lambda: predict(model, tiles, ids))
    print(
        f"\nevaluation, ResNet18, {TILES} tiles of {tiles.name}: {TILES / ours:.0f} tiles/s "
        f"against {TILES / baseline:.0f}, {baseline / ours:.2f}×"
    )
    assert baseline / ours >= GOAL
