"""The scenes this program knows, and how a cube with a label map becomes a data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lcc_core.data.classnames import check_class_names
from lcc_core.data.download import Archive
from lcc_core.data.limits import MOST_CLASSES, check_disk
from lcc_core.data.patches import LARGEST_SIDE
from lcc_core.data.scene import BACKGROUND, Scene
from lcc_core.data.scenefile import read_array
from lcc_core.data.stored import store_scene
from lcc_core.errors import DataError, require
from lcc_core.files import Home
from lcc_core.inputs import open_regular

PATCH = 11  # pixels a side
LARGEST_NUMBER = 65_535  # of a class
EHU = "http://www.ehu.eus/ccwintco/uploads"


@dataclass(frozen=True)
class SceneFile:
    """One published file: where it lies, and the array in it."""

    archive: Archive
    key: str


@dataclass(frozen=True)
class SceneInfo:
    """A published scene: its two files, its size, and the bands of its picture (from 0)."""

    cube: SceneFile
    labels: SceneFile
    shape: tuple[int, int, int]
    rgb: tuple[int, int, int]


def _file(path: str, size: int, sha256: str, key: str) -> SceneFile:
    return SceneFile(Archive(f"{EHU}/{path}", size, sha256=sha256), key)


SCENES = {
    "indian_pines": SceneInfo(
        _file(
            "6/67/Indian_pines_corrected.mat",
            5_953_527,
            "ec2f8808710919d566f70f0d4aa885aae1ddfd42b734aba71c5e12ca65450939",
            "indian_pines_corrected",
        ),
        _file(
            "c/c4/Indian_pines_gt.mat",
            1125,
            "65c4687a8ab04f6da4789799bc3bc4f6e88bccac3ed6a2e6ae367e5e6b9e429c",
            "indian_pines_gt",
        ),
        (145, 145, 200),
        (42, 26, 10),
    ),
    "pavia_university": SceneInfo(
        _file(
            "e/ee/PaviaU.mat",
            34_806_917,
            "28447fa87f7a5797845e9a189c0da85e23b1d06a4ba7361e5ff44efbf834d2fb",
            "paviaU",
        ),
        _file(
            "5/50/PaviaU_gt.mat",
            11_005,
            "23f6a426928f9b32984adffe659e29f554f9fb6c93b5a107528d308d5087a829",
            "paviaU_gt",
        ),
        (610, 340, 103),
        (54, 30, 9),
    ),
}


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
    cube_path: str | Path,
    labels_path: str | Path,
    home: Home,
    choice: SceneChoice | None = None,
    title: str = "",
    classes: tuple[str, ...] = (),
    limit: int | None = None,
) -> Scene:
    """Read a cube and its label map and keep them under ``name``.

    Published scenes (names in ``SCENES``) must be the published files, byte for byte. A label map
    finer than the cube by a whole factor is brought to its pixels by majority. ``limit``: most
    bytes that either may take; :class:`Limit` has the default.
    """
    choice = choice or SceneChoice()
    known = SCENES.get(name)
    keys = choice.keys
    if known:
        for file, path in ((known.cube, cube_path), (known.labels, labels_path)):
            check_published(file, Path(path).expanduser(), name)
        keys = (known.cube.key, known.labels.key)
    cube = read_array(cube_path, 3, keys[0], limit)
    found = class_numbers(read_array(labels_path, 2, keys[1], limit), Path(labels_path).name)
    found = fit_labels(found, cube.shape[:2])
    choice = replace(choice, rgb=choice.rgb or (known.rgb if known else None))
    source = Path(cube_path).name
    return keep_scene(name, cube, found, home, choice, title or name, classes, source)


def class_numbers(labels: np.ndarray, title: str) -> np.ndarray:
    """``labels`` as int64. ``DataError`` for values that are no numbers of classes."""
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
    name: str,
    cube: np.ndarray,
    labels: np.ndarray,
    home: Home,
    choice: SceneChoice,
    title: str,
    classes: tuple[str, ...],
    source: str,
    synthetic: bool = False,
) -> Scene:
    """Store ``cube`` (H, W, B) with ``labels`` (H, W), numbered from 1 with 0 as background."""
    label_map, names = name_classes(labels, choice.classes or classes, choice.without)
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
    return store_scene(
        home,
        name,
        cube,
        label_map,
        names,
        patch=choice.patch,
        rgb=rgb,
        title=title,
        source=source,
        synthetic=synthetic,
    )


def check_published(file: SceneFile, path: Path, name: str) -> None:
    """``DataError`` for any other file than the published one."""
    with open_regular(path) as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != file.archive.sha256:
        raise DataError(
            f"{path.name} is not the published file of {name} ({path.stat().st_size:,} bytes with "
            f"SHA-256 {found[:12]}…, expected {file.archive.bytes:,} and "
            f"{file.archive.sha256[:12]}…).",
            f"Get it from {file.archive.url}, or import yours under a name of your own.",
        )


def fit_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """``labels`` on the cube's pixels: each takes the most frequent of its finer ones."""
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
    """Numbers from 0 with their names; 0 of ``labels``, and classes ``without``, are background."""
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
    """Three bands far apart."""
    return tuple(int(share * (bands - 1)) for share in (5 / 6, 1 / 2, 1 / 6))  # type: ignore
