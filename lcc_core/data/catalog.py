"""Data sets by name: how they get here, and how they are loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lcc_core.data.download import fetch
from lcc_core.data.imagefolder import (
    SMALLER,
    Listing,
    common_shape,
    decode_all,
    folder_name,
    list_images,
)
from lcc_core.data.limits import Limit, check_disk
from lcc_core.data.scenefile import read_array
from lcc_core.data.scenes import SceneChoice, class_numbers, import_scene, keep_scene
from lcc_core.data.sets import DATASETS, DataSet
from lcc_core.data.stored import About, read, store, stored
from lcc_core.data.surrogate import bytes_to_draw, draw_cube, renumber
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, require
from lcc_core.files import Home, check_name
from lcc_core.hooks import QUIET, Hooks

__all__ = [
    "DATASETS",
    "DataSet",
    "Surrogate",
    "download_tiles",
    "draw_surrogate",
    "import_files",
    "import_tiles",
    "load_tiles",
    "stored",
]


@dataclass(frozen=True)
class Surrogate:
    """What a synthetic scene is drawn from.

    Attributes:
        labels: file of the label map.
        spectra: file of spectra × bands.
        classes: file of the class of each spectrum, from 1.
        order: the label map's number of each class of the spectra, where they differ.
        like: a known scene whose class names and picture bands it takes.
        seed: of all chance.
    """

    labels: str | Path
    spectra: str | Path
    classes: str | Path
    order: tuple[int, ...] = ()
    like: str = ""
    seed: int = 0


def load_tiles(name: str, home: Home, hooks: Hooks = QUIET) -> TileSet:
    """Load a stored set; one that is drawn here is drawn on first use.

    Raises ``DataError`` that tells how to get the others.
    """
    check_name(name)
    if (home.tiles / name).is_dir():
        return read(home, name)
    info = DATASETS.get(name)
    if info and info.draw:
        return info.draw(home, hooks)
    raise DataError(
        f"The data set {name!r} is not here yet.",
        f"Import it with `lcc data import {info.words if info else f'{name} PATH'}` "
        f"({'the published files' if info and info.scene else 'a zip archive or a folder'})"
        + (
            f", or download it with `lcc data download {name}`." if info and info.downloads else "."
        ),
    )


def import_tiles(
    name: str,
    source: str | Path,
    home: Home,
    size: int | None = None,
    hooks: Hooks = QUIET,
    *,
    limit: int | None = None,
) -> TileSet:
    """Import a zip archive or a folder of class folders.

    Args:
        name: what the set is called; a known one is checked for its classes.
        source: the archive or folder.
        home: where it is stored.
        size: resize all tiles to size × size pixels; by default the most frequent size is kept
            and only the others are resized.
        hooks: progress and cancel.
        limit: most bytes that the images may take, as files, decoded and stored; :class:`Limit`
            has the default.

    Raises:
        DataError: for a source that is damaged, too large, or holds what no reader knows.
    """
    check_name(name)
    info = DATASETS.get(name)
    if info and info.draw:
        raise DataError(
            f"The name {name!r} is taken by the synthetic tiles.", "Choose another name."
        )
    require(size is None or 8 <= size <= 1024, "size", size, "8…1024 pixels")
    path = Path(source).expanduser()
    if info and info.scene:
        raise DataError(
            f"{info.title} is a scene: a cube and a label map.",
            f"Name both files: `lcc data import {info.words}`.",
        )
    with list_images(path, limit, info.class_of if info else folder_name) as listing:
        if info:
            _check_classes(listing, info)
        most = Limit.of(limit, listing.bytes)
        height, width, bands = common_shape(listing, most)
        height, width = (size, size) if size else (height, width)
        shape = (len(listing.names), height, width, bands)
        what = f"{shape[0]:,} tiles of {height}×{width} pixels in {bands} bands"
        most.check(math.prod(shape), what, SMALLER)
        check_disk(math.prod(shape), what, home.tiles)
        about = About(name, listing.class_names, info.title if info else name, path.name)

        def fill(images: np.ndarray) -> None:
            decode_all(listing, images, most, hooks)

        return store(home, about, shape, listing.labels, fill)


def _check_classes(listing: Listing, info: DataSet) -> None:
    """Raise ``DataError`` where the classes are not those of the published set."""
    missing = sorted(set(info.classes) - set(listing.class_names))
    extra = sorted(set(listing.class_names) - set(info.classes))
    if missing or extra:
        raise DataError(
            f"{listing.title} is not {info.title}: "
            + "; ".join(
                f"{what} {', '.join(names[:4])}"
                for what, names in (("missing", missing), ("unknown", extra))
                if names
            )
            + ".",
            "Name the right archive, or import it under a name of your own.",
        )


def download_tiles(name: str, home: Home, hooks: Hooks = QUIET) -> TileSet:
    """Download and import a known data set."""
    info = DATASETS.get(name)
    if info and info.draw:
        return load_tiles(name, home, hooks)
    if info is None or not info.downloads:
        known = ", ".join(one.name for one in DATASETS if one.downloads)
        raise DataError(f"{name!r} cannot be downloaded.", f"These can: {known}.")
    folder = home.folder("downloads")
    paths = [fetch(one, folder, hooks) for one in info.downloads]
    if info.scene:
        tiles = import_files(name, paths[0], paths[1], home)
    else:
        tiles = import_tiles(name, paths[0], home, None, hooks)
    for path in paths:
        path.unlink(missing_ok=True)
    return tiles


def import_files(
    name: str,
    cube: str | Path,
    labels: str | Path,
    home: Home,
    choice: SceneChoice | None = None,
    *,
    limit: int | None = None,
) -> TileSet:
    """Import a scene from a cube and a label map, by whichever reader knows their endings.

    Args:
        name: what the scene is called; of a known one the files must be the published ones.
        cube: its file.
        labels: file of the label map.
        home: where it is stored.
        choice: how it is read.
        limit: most bytes that either may take; :class:`Limit` has the default.
    """
    check_name(name)
    info = DATASETS.get(name)
    if info and not info.scene:
        raise DataError(f"{info.title} holds tiles, not a scene.", "Choose another name.")
    return import_scene(name, (cube, labels), home, choice, info, limit)


def draw_surrogate(
    name: str,
    drawn: Surrogate,
    home: Home,
    choice: SceneChoice | None = None,
    *,
    limit: int | None = None,
) -> TileSet:
    """Draw a synthetic scene (:mod:`surrogate`) from files and store it.

    Args:
        name: what it is called.
        drawn: what it is drawn from.
        home: where it is stored.
        choice: patches, classes and picture.
        limit: most bytes that the scene may take; :class:`Limit` has the default.
    """
    check_name(name)
    if name in DATASETS:
        raise DataError(f"The name {name!r} is taken by the real scene.", "Choose another name.")
    known = DATASETS.get(drawn.like)
    if drawn.like and (known is None or known.scene is None):
        scenes = ", ".join(one.name for one in DATASETS if one.scene)
        raise DataError(f"{drawn.like!r} is no known scene.", f"Known are: {scenes}.")
    choice = choice or SceneChoice()
    if known and known.scene:
        choice = replace(choice, rgb=choice.rgb or known.scene.rgb)
    names = known.classes if known else ()
    label_map, found = (
        class_numbers(read_array(path, 2, limit=limit), Path(path).name)
        for path in (drawn.labels, drawn.classes)
    )
    table = np.asarray(read_array(drawn.spectra, 2, limit=limit), np.float64)
    numbers = renumber(found.ravel(), drawn.order)
    if len(numbers) != len(table):
        raise DataError(
            f"There are {len(table)} spectra and {len(numbers)} classes of them.",
            "Give a class for every spectrum.",
        )
    files = (drawn.labels, drawn.spectra, drawn.classes)
    sources = sum(Path(path).expanduser().stat().st_size for path in files)
    Limit.of(limit, sources).check(bytes_to_draw(label_map, table, numbers), "Drawing the scene")
    cube = draw_cube(label_map, table, numbers, drawn.seed)
    about = About(
        name,
        names,
        f"Surrogate of {known.title}" if known else f"Surrogate {name}",
        f"drawn from {len(table)} spectra of {Path(drawn.spectra).name}, seed {drawn.seed}",
        synthetic=True,
    )
    return keep_scene(home, about, cube, label_map, choice)
