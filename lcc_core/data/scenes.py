"""How a cube with a label map becomes a data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from lcc_core.data.classnames import check_class_names
from lcc_core.data.limits import MOST_CLASSES, check_disk
from lcc_core.data.patches import LARGEST_SIDE
from lcc_core.data.scene import BACKGROUND, Scene
from lcc_core.data.scenefile import read_array
from lcc_core.data.sets import DataSet, SceneFile
from lcc_core.data.stored import About, store_scene
from lcc_core.errors import DataError, require
from lcc_core.files import Home
from lcc_core.inputs import open_regular

PATCH = 11  # pixels a side
LARGEST_NUMBER = 65_535  # of a class


@dataclass(frozen=True)
class SceneChoice:
    """How a scene is read. ``keys``: the arrays in ``.mat`` files; ``classes``: names in the order
    of the label map's numbers, all different; ``without``: classes to leave out; ``rgb``: bands
    from 0."""

    patch: int = PATCH
    keys: tuple[str, str] = ("", "")
    classes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rgb: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        fits = self.patch % 2 == 1 and 1 <= self.patch <= LARGEST_SIDE
        require(fits, "patch", self.patch, f"odd, 1…{LARGEST_SIDE}")
        require(len(self.keys) == 2, "keys", self.keys, "two names: of the cube, of the labels")
        require(self.rgb is None or len(self.rgb) == 3, "rgb", self.rgb, "three bands")
        check_class_names(self.classes, "The class names")


def import_scene(
    name: str,
    files: tuple[str | Path, str | Path],
    home: Home,
    choice: SceneChoice | None = None,
    known: DataSet | None = None,
    limit: int | None = None,
) -> Scene:
    """Read a cube and its label map and store them.

    A label map finer than the cube by a whole factor is brought to its pixels by majority.

    Args:
        name: what the scene is called.
        files: of the cube and of the label map.
        home: where it is stored.
        choice: how it is read.
        known: the published scene that the files must be of, byte for byte.
        limit: most bytes that either may take; :class:`Limit` has the default.
    """
    choice = choice or SceneChoice()
    published = known.scene if known else None
    keys = choice.keys
    if published:
        for file, path in zip((published.cube, published.labels), files, strict=True):
            check_published(file, Path(path).expanduser(), name)
        keys = (published.cube.key, published.labels.key)
        choice = replace(choice, rgb=choice.rgb or published.rgb)
    cube = read_array(files[0], 3, keys[0], limit)
    found = class_numbers(read_array(files[1], 2, keys[1], limit), Path(files[1]).name)
    found = fit_labels(found, cube.shape[:2])
    about = About(name, source=Path(files[0]).name)
    if known:
        about = replace(about, title=known.title, class_names=known.classes)
    return keep_scene(home, about, cube, found, choice)


def class_numbers(labels: np.ndarray, title: str) -> np.ndarray:
    """Check ``labels`` and make them int64.

    Raises ``DataError`` for values that are no numbers of classes.
    """
    whole = np.equal(labels, np.round(labels)).all()
    if not whole or labels.min() < 0 or labels.max() > LARGEST_NUMBER:
        raise DataError(
            f"{title} holds values that are no class numbers.",
            f"A label map has 0 for background and 1, 2, … {LARGEST_NUMBER:,} for the classes.",
        )
    labels = labels.astype(np.int64)
    if (count := np.count_nonzero(np.bincount(labels.ravel())[1:])) > MOST_CLASSES:
        raise DataError(
            f"{title} holds {count:,} classes.", f"Up to {MOST_CLASSES:,} can be told apart."
        )
    return labels


def keep_scene(
    home: Home, about: About, cube: np.ndarray, labels: np.ndarray, choice: SceneChoice
) -> Scene:
    """Store a cube with its labels.

    Args:
        home: where it is stored.
        about: name and origin; the class names in the order of their numbers, unless ``choice``
            names the classes.
        cube: (H, W, B).
        labels: (H, W), numbered from 1 with 0 as background.
        choice: patches, classes and picture.
    """
    label_map, names = name_classes(labels, choice.classes or about.class_names, choice.without)
    if choice.classes and (most := int(labels.max())) != len(choice.classes):
        raise DataError(
            f"{len(choice.classes)} class names are given, and the label map's classes go up to "
            f"{most}.",
            "Name as many, in the order of their numbers; write names that hold commas as a JSON "
            "list.",
        )
    bands = cube.shape[2]
    rgb = choice.rgb or default_rgb(bands)
    require(all(0 <= band < bands for band in rgb), "rgb", rgb, f"bands 0…{bands - 1}")
    require(choice.patch // 2 < min(cube.shape[:2]), "patch", choice.patch, "within the scene")
    needed = 4 * cube.size + 8 * labels.size
    check_disk(needed, f"A scene of {'×'.join(map(str, cube.shape))}", home.tiles)
    about = replace(about, class_names=names)
    return store_scene(home, about, cube, label_map, choice.patch, rgb)


def check_published(file: SceneFile, path: Path, name: str) -> None:
    """Raise ``DataError`` for any other file than the published one."""
    with open_regular(path) as opened:
        found = hashlib.file_digest(cast(Any, opened), "sha256").hexdigest()
    if found != file.archive.sha256:
        raise DataError(
            f"{path.name} is not the published file of {name} ({path.stat().st_size:,} bytes with "
            f"SHA-256 {found[:12]}…, expected {file.archive.bytes:,} and "
            f"{file.archive.sha256[:12]}…).",
            f"Get it from {file.archive.url}, or import yours under a name of your own.",
        )


def fit_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring ``labels`` to the cube's pixels: each takes the most frequent of its finer ones."""
    if labels.shape == size:
        return labels
    factor = labels.shape[0] // size[0]
    if factor < 2 or labels.shape != (factor * size[0], factor * size[1]):
        raise DataError(
            f"The label map has {labels.shape[0]}×{labels.shape[1]} pixels and the cube "
            f"{size[0]}×{size[1]}.",
            "They must have the same size, or the map be finer by a whole factor.",
        )
    cells = labels.reshape(size[0], factor, size[1], factor).swapaxes(1, 2).reshape(*size, -1)
    result, most = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for value in np.unique(labels):
        count = (cells == value).sum(-1)
        result = np.where(count > most, value, result)  # of equals the lowest number stays
        most = np.maximum(count, most)
    return result


def name_classes(
    labels: np.ndarray, names: tuple[str, ...], without: tuple[str, ...] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the classes from 0 and name them.

    0 of ``labels``, and the classes ``without``, become background, −1.
    """
    numbers = [int(n) for n in np.unique(labels) if n]
    if names and max(numbers, default=0) > len(names):
        raise DataError(
            f"The label map has classes up to {max(numbers)}, and {len(names)} have a name.",
            "Name them all, in the order of their numbers, with --classes A,B,….",
        )
    titles = {n: names[n - 1] if names else f"class {n}" for n in numbers}
    if unknown := [name for name in without if name not in titles.values()]:
        raise DataError(
            f"There is no class {unknown[0]!r} to leave out.",
            f"It has {', '.join(titles.values())}.",
        )
    kept = [n for n in numbers if titles[n] not in without]
    if len(kept) < 2:
        raise DataError(f"The label map has {len(kept)} classes.", "Two or more are needed.")
    result = np.full(labels.shape, BACKGROUND, np.int64)
    for place, number in enumerate(kept):
        result[labels == number] = place
    return result, tuple(titles[n] for n in kept)


def default_rgb(bands: int) -> tuple[int, int, int]:
    """Choose three bands that lie far apart."""
    return tuple(int(share * (bands - 1)) for share in (5 / 6, 1 / 2, 1 / 6))  # type: ignore
