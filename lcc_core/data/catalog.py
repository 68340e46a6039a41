"""The data sets by name: what they are, how to get them, and how to load them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lcc_core.data import demo
from lcc_core.data.classnames import INDIAN_PINES, PAVIA_UNIVERSITY, UCMERCED
from lcc_core.data.download import Archive, fetch
from lcc_core.data.imagefolder import SMALLER, Listing, common_size, decode_all, list_images
from lcc_core.data.limits import Limit, check_disk
from lcc_core.data.scenefile import read_array
from lcc_core.data.scenes import (
    SCENES,
    SceneChoice,
    SceneInfo,
    class_numbers,
    import_scene,
    keep_scene,
)
from lcc_core.data.stored import read, store, stored
from lcc_core.data.surrogate import bytes_to_draw, draw_cube, renumber
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, require
from lcc_core.files import Home, check_name
from lcc_core.hooks import QUIET, Hooks

__all__ = [
    "DATASETS",
    "DatasetInfo",
    "download_tiles",
    "draw_surrogate",
    "import_files",
    "import_tiles",
    "load_tiles",
    "stored",
]


@dataclass(frozen=True)
class DatasetInfo:
    """A data set this program knows: tiles from an ``archive``, or a ``scene`` in two files.

    The ``tiles`` of a scene are its labelled pixels.
    """

    name: str
    title: str
    summary: str
    licence: str
    classes: tuple[str, ...]
    tiles: int
    synthetic: bool = False
    archive: Archive | None = None
    scene: SceneInfo | None = None

    @property
    def downloads(self) -> tuple[Archive, ...]:
        """Every file that a download fetches; none where it cannot be downloaded."""
        if self.scene:
            return self.scene.cube.archive, self.scene.labels.archive
        return (self.archive,) if self.archive else ()

    @property
    def words(self) -> str:
        """What stands behind ``lcc data import``."""
        return f"{self.name} {'CUBE.mat LABELS.mat' if self.scene else 'PATH'}"


DATASETS = {
    info.name: info
    for info in (
        DatasetInfo(
            "demo",
            "Demo tiles (synthetic)",
            "3,000 procedural 64×64 RGB tiles in EuroSAT's ten classes, drawn on this machine.",
            "MIT, as this program",
            demo.CLASSES,
            3000,
            synthetic=True,
        ),
        DatasetInfo(
            "eurosat",
            "EuroSAT RGB",
            "27,000 Sentinel-2 tiles of 64×64 pixels (10 m) in ten classes.",
            "MIT (Helber et al. 2019, JSTARS)",
            demo.CLASSES,
            27000,
            archive=Archive(
                "https://madm.dfki.de/files/sentinel/EuroSAT.zip",
                94_280_567,
                "c8fa014336c82ac7804f0398fcb19387",
            ),
        ),
        DatasetInfo(
            "ucmerced",
            "UC Merced Land Use",
            "2,100 aerial images of 256×256 pixels (0.3 m) in 21 classes.",
            "public-domain USGS imagery (Yang & Newsam 2010)",
            UCMERCED,
            2100,
            archive=Archive(
                "http://weegee.vision.ucmerced.edu/datasets/UCMerced_LandUse.zip",
                332_468_434,
                "5b7ec56793786b6dc8a908e8854ac0e4",
            ),
        ),
        DatasetInfo(
            "indian_pines",
            "Indian Pines",
            "One AVIRIS scene of 145×145 pixels (20 m) in 200 bands, 10,249 pixels labelled.",
            "research benchmark (Baumgardner et al. 2015, Purdue; corrected by EHU)",
            INDIAN_PINES,
            10249,
            scene=SCENES["indian_pines"],
        ),
        DatasetInfo(
            "pavia_university",
            "Pavia University",
            "One ROSIS scene of 610×340 pixels (1.3 m) in 103 bands, 42,776 pixels labelled.",
            "research benchmark (P. Gamba, University of Pavia; EHU)",
            PAVIA_UNIVERSITY,
            42776,
            scene=SCENES["pavia_university"],
        ),
    )
}


def load_tiles(name: str, home: Home, hooks: Hooks = QUIET) -> TileSet:
    """A stored set; the demo is drawn on first use. ``DataError`` tells how to get the others."""
    check_name(name)
    if (home.tiles / name).is_dir():
        return read(home, name)
    if name == "demo":
        return _draw_demo(home, hooks)
    info = DATASETS.get(name)
    raise DataError(
        f"The data set {name!r} is not here yet.",
        f"Import it with `lcc data import {info.words if info else f'{name} PATH'}` "
        f"({'the published files' if info and info.scene else 'a zip archive or a folder'})"
        + (f", or download it with `lcc data download {name}`." if info else "."),
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
    """Import a zip archive or a folder of class folders under ``name``.

    ``size``: resize all tiles to size × size; by default the most frequent size is kept and only
    the others are resized. Known data sets are checked for their classes. ``limit``: most bytes
    that the images may take, as files, decoded and stored; :class:`Limit` has the default.
    """
    check_name(name)
    if name == "demo":
        raise DataError("The name 'demo' is taken by the synthetic tiles.", "Choose another name.")
    require(size is None or 8 <= size <= 1024, "size", size, "8…1024 pixels")
    path = Path(source).expanduser()
    info = DATASETS.get(name)
    if info and info.scene:
        raise DataError(
            f"{info.title} is a scene: a cube and a label map.",
            f"Name both files: `lcc data import {info.words}`.",
        )
    with list_images(path, limit) as listing:
        if info:
            _check_classes(listing, info)
        most = Limit.of(limit, listing.bytes)
        height, width = common_size(listing, most)
        height, width = (size, size) if size else (height, width)
        shape = (len(listing.names), height, width, 3)
        what = f"{shape[0]:,} tiles of {height}×{width} pixels in 3 bands"
        most.check(math.prod(shape), what, SMALLER)
        check_disk(math.prod(shape), what, home.tiles)
        return store(
            home,
            name,
            shape,
            listing.labels,
            listing.class_names,
            lambda images: decode_all(listing, images, most, hooks),
            title=info.title if info else name,
            source=path.name,
        )


def _check_classes(listing: Listing, info: DatasetInfo) -> None:
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
    if name == "demo":
        return load_tiles(name, home, hooks)
    info = DATASETS.get(name)
    if info is None or not info.downloads:
        known = ", ".join(n for n, i in DATASETS.items() if i.downloads)
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
    """Import a scene from a cube and a label map (``.mat``, ``.npy`` or ENVI) under ``name``.

    ``limit``: most bytes that either may take; :class:`Limit` has the default.
    """
    check_name(name)
    info = DATASETS.get(name)
    if info and not info.scene:
        raise DataError(f"{info.title} holds tiles, not a scene.", "Choose another name.")
    title, classes = (info.title, info.classes) if info else ("", ())
    return import_scene(name, cube, labels, home, choice, title, classes, limit)


def draw_surrogate(
    name: str,
    labels: str | Path,
    spectra: str | Path,
    classes: str | Path,
    home: Home,
    choice: SceneChoice | None = None,
    *,
    order: tuple[int, ...] = (),
    like: str = "",
    seed: int = 0,
    limit: int | None = None,
) -> TileSet:
    """Draw a synthetic scene (:mod:`surrogate`) from files and keep it under ``name``.

    ``like``: a known scene whose class names and picture bands it takes. ``limit``: most bytes
    that the scene may take; :class:`Limit` has the default.
    """
    check_name(name)
    if name in DATASETS:
        raise DataError(f"The name {name!r} is taken by the real scene.", "Choose another name.")
    known = DATASETS.get(like)
    if like and (known is None or known.scene is None):
        raise DataError(f"{like!r} is no known scene.", f"Known are: {', '.join(SCENES)}.")
    choice = choice or SceneChoice()
    if known and known.scene:
        choice = replace(choice, rgb=choice.rgb or known.scene.rgb)
    names = known.classes if known else ()
    label_map = class_numbers(read_array(labels, 2, limit=limit), Path(labels).name)
    table = np.asarray(read_array(spectra, 2, limit=limit), np.float64)
    found = class_numbers(read_array(classes, 2, limit=limit), Path(classes).name)
    numbers = renumber(found.ravel(), order)
    if len(numbers) != len(table):
        raise DataError(
            f"There are {len(table)} spectra and {len(numbers)} classes of them.",
            "Give a class for every spectrum.",
        )
    sources = sum(Path(path).expanduser().stat().st_size for path in (labels, spectra, classes))
    Limit.of(limit, sources).check(bytes_to_draw(label_map, table, numbers), "Drawing the scene")
    cube = draw_cube(label_map, table, numbers, seed)
    source = f"drawn from {len(table)} spectra of {Path(spectra).name}, seed {seed}"
    title = f"Surrogate of {known.title}" if known else f"Surrogate {name}"
    return keep_scene(name, cube, label_map, home, choice, title, names, source, synthetic=True)


def _draw_demo(home: Home, hooks: Hooks) -> TileSet:
    labels, test_ids = demo.layout()
    return store(
        home,
        "demo",
        (len(labels), demo.SIZE, demo.SIZE, 3),
        labels,
        demo.CLASSES,
        lambda images: demo.draw(labels, images, hooks),
        title=DATASETS["demo"].title,
        source=f"drawn by this program, seed {demo.SEED}, version {demo.VERSION}",
        synthetic=True,
        test_ids=test_ids,
    )
