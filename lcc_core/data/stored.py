"""A ``TileSet`` on disk: two arrays and their facts, memory-mapped when read.

Tiles are an array of images with a label each; a scene is its cube with a label map.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lcc_core.data.patches import Patches
from lcc_core.data.scene import Scene
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError
from lcc_core.files import Home, advice, make_folder, write_json
from lcc_core.temporary import replace_folder, temporary_folder
from lcc_core.unreadable import ODD, Found, Unreadable, broken, listed, read_json, reason

IMAGES, CUBE, LABELS, FACTS = "images.npy", "cube.npy", "labels.npy", "meta.json"
ZEROS = 1 << 20  # bytes written at a time where the system cannot allocate


@dataclass(frozen=True)
class StoredInfo:
    """What is known of a stored set without opening its arrays.

    ``extent``: height and width of a scene, whose ``tiles`` are its labelled pixels.
    """

    name: str
    title: str
    tiles: int
    class_names: tuple[str, ...]
    size: tuple[int, int]
    bands: int
    bytes: int
    fingerprint: str
    synthetic: bool
    source: str
    imported: str
    extent: tuple[int, int] | None = None

    @property
    def classes(self) -> int:
        return len(self.class_names)


@dataclass(frozen=True)
class About:
    """What is said of a set beside its pixels: its ``name`` here, its classes, where it is from."""

    name: str
    class_names: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    synthetic: bool = False

    def facts(self) -> dict[str, Any]:
        """Make the table that is stored."""
        return {
            "name": self.name,
            "title": self.title or self.name,
            "class_names": list(self.class_names),
            "source": self.source,
            "synthetic": self.synthetic,
        }


def fingerprint(images: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> str:
    """Hash images (N, …), labels and class names: equal for equal sets, whatever their name."""
    digest = hashlib.sha256()
    digest.update(json.dumps([list(images.shape), list(class_names)]).encode())
    for start in range(0, len(images), 1024):
        digest.update(np.ascontiguousarray(images[start : start + 1024]).data)
    digest.update(np.ascontiguousarray(labels, np.int64).data)
    return digest.hexdigest()


def band_statistics(
    images: np.ndarray, ids: np.ndarray | None = None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Compute mean and standard deviation of every band on the 0…1 scale, exact for uint8.

    Of the tiles ``ids``, or of all ``images`` (N, H, W, C).
    """
    bands = images.shape[3]
    counts = np.zeros((bands, 256), np.int64)
    chosen = np.arange(len(images)) if ids is None else np.sort(ids)
    for start in range(0, len(chosen), 1024):
        part = images[chosen[start : start + 1024]]
        for band in range(bands):
            counts[band] += np.bincount(part[..., band].ravel(), minlength=256)
    levels = np.arange(256) / 255.0
    share = counts / counts.sum(1, keepdims=True)
    mean = share @ levels
    std = np.sqrt(np.maximum(share @ levels**2 - mean**2, 1e-6))
    return tuple(map(float, mean)), tuple(map(float, std))


def store(
    home: Home,
    about: About,
    shape: tuple[int, int, int, int],
    labels: np.ndarray,
    fill: Callable[[np.ndarray], None],
    test_ids: np.ndarray | None = None,
) -> TileSet:
    """Store a set of tiles.

    It appears under its name only when it is complete; one of that name is then replaced.

    Args:
        home: where it is stored.
        about: name, classes and origin.
        shape: of the images, (N, H, W, C).
        labels: class numbers from 0, (N,).
        fill: writes the images into the array uint8 of that shape that it is given.
        test_ids: numbers of the tiles of the test part, if the set brings its own.
    """
    with _folder(home, about.name) as folder:
        images = np.lib.format.open_memmap(folder / IMAGES, "w+", np.uint8, shape)
        allocate(folder / IMAGES)
        fill(images)
        images.flush()
        labels = np.asarray(labels, np.int64)
        np.save(folder / LABELS, labels, allow_pickle=False)
        mean, std = band_statistics(images)
        facts = about.facts() | {
            "shape": list(shape),
            "mean": mean,
            "std": std,
            "fingerprint": fingerprint(images, labels, about.class_names),
            "test_ids": None if test_ids is None else [int(i) for i in test_ids],
            "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(folder / FACTS, facts)
        del images
    return read(home, about.name)


def store_scene(
    home: Home,
    about: About,
    cube: np.ndarray,
    label_map: np.ndarray,
    patch: int,
    rgb: tuple[int, int, int],
) -> Scene:
    """Store a scene.

    Args:
        home: where it is stored.
        about: name, classes and origin.
        cube: (H, W, B), of any type of numbers; stored as float32.
        label_map: class numbers from 0, (H, W); −1 is background.
        patch: pixels a side of a patch.
        rgb: the bands of its picture, from 0.
    """
    with _folder(home, about.name) as folder:
        cube = np.ascontiguousarray(cube, np.float32)
        label_map = np.ascontiguousarray(label_map, np.int64)
        np.save(folder / CUBE, cube, allow_pickle=False)
        np.save(folder / LABELS, label_map, allow_pickle=False)
        spectra = cube[label_map >= 0].astype(np.float64)
        digest = fingerprint(cube, label_map, about.class_names)
        facts = about.facts() | {
            "shape": [len(spectra), patch, patch, cube.shape[2]],
            "extent": list(label_map.shape),
            "rgb": list(rgb),
            "mean": [float(v) for v in spectra.mean(0)],
            "std": [float(v) for v in np.maximum(spectra.std(0), 1e-12)],
            # Other patches are other tiles.
            "fingerprint": hashlib.sha256(f"{digest} {patch}".encode()).hexdigest(),
            "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(folder / FACTS, facts)
    scene = read(home, about.name)
    assert isinstance(scene, Scene)
    return scene


@contextmanager
def _folder(home: Home, name: str) -> Generator[Path]:
    """Make a folder that gets its name, in place of an older one, once the block is done."""
    made: list[Path] = []
    try:
        make_folder(home.tiles, made)
        with temporary_folder(home.tiles, name) as folder:
            yield folder
            replace_folder(folder, home.tiles / name)
        made.clear()
    except OSError as error:
        raise DataError(
            f"The tiles of {name!r} could not be stored: {reason(error)}.", advice(error)
        ) from error
    finally:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()


def allocate(path: Path) -> None:
    """Have the disk keep room for all of the file.

    Raises ``OSError`` where there is none. Without, a full disk ends a process that writes to the
    file through memory by a signal.
    """
    size = path.stat().st_size
    with path.open("rb+") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        # What stands there already is written again, so that holes become room.
        for start in range(0, size, ZEROS):
            file.seek(start)
            part = file.read(ZEROS)
            file.seek(start)
            file.write(part)


def read(home: Home, name: str) -> TileSet:
    """Open a stored set, its images memory-mapped.

    Raises ``DataError`` where it is missing or damaged.
    """
    folder = home.tiles / name
    again = f"Import it again with `lcc data import {name} PATH`."
    try:
        facts = read_json(folder / FACTS)
        if "extent" in facts:
            return _read_scene(folder, facts)
        images = np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / LABELS, allow_pickle=False)
        if list(images.shape) != facts["shape"] or len(labels) != len(images):
            raise ValueError("the arrays do not fit their description")
        test_ids = facts["test_ids"]
        return TileSet(
            name=name,
            images=images,
            labels=labels,
            class_names=tuple(facts["class_names"]),
            mean=tuple(facts["mean"]),
            std=tuple(facts["std"]),
            fingerprint=facts["fingerprint"],
            source=facts["source"],
            synthetic=facts["synthetic"],
            test_ids=None if test_ids is None else np.asarray(test_ids, np.int64),
        )
    except FileNotFoundError as error:
        raise DataError(f"The data set {name!r} is not here yet.", again) from error
    except ODD as error:
        raise DataError(*broken(f"The stored data set {name!r}", error, again)) from error


def _read_scene(folder: Path, facts: dict[str, Any]) -> Scene:
    cube = np.load(folder / CUBE, mmap_mode="r", allow_pickle=False)
    label_map = np.load(folder / LABELS, allow_pickle=False)
    positions = np.argwhere(label_map >= 0)
    count, patch, _, bands = facts["shape"]
    if [*label_map.shape, bands] != list(cube.shape) or len(positions) != count:
        raise ValueError("the arrays do not fit their description")
    return Scene(
        name=folder.name,
        images=Patches.of(cube, positions, patch),
        labels=label_map[tuple(positions.T)],
        class_names=tuple(facts["class_names"]),
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        fingerprint=facts["fingerprint"],
        source=facts["source"],
        synthetic=facts["synthetic"],
        rgb=tuple(facts["rgb"]),
    )


def stored(home: Home) -> Found[StoredInfo]:
    """List the stored sets by name, and those that cannot be read."""
    folders = listed(home.tiles)
    found, bad = [], list(folders.unreadable)
    for path in (folder / FACTS for folder in folders):
        try:
            facts = read_json(path)
            n, height, width, bands = facts["shape"]
            found.append(
                StoredInfo(
                    name=path.parent.name,
                    title=facts["title"],
                    tiles=n,
                    class_names=tuple(facts["class_names"]),
                    size=(height, width),
                    bands=bands,
                    bytes=sum(file.stat().st_size for file in path.parent.iterdir()),
                    fingerprint=facts["fingerprint"],
                    synthetic=facts["synthetic"],
                    source=facts["source"],
                    imported=facts["imported"],
                    extent=tuple(facts["extent"]) if "extent" in facts else None,
                )
            )
        except ODD as error:
            bad.append(Unreadable.of(path, error))
    return Found(found, bad)
