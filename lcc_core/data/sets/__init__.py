"""The published data sets: one file each, found by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lcc_core.data.download import Archive
from lcc_core.data.imagefolder import folder_name
from lcc_core.errors import DataError
from lcc_core.registry import Registry

if TYPE_CHECKING:
    from lcc_core.data.tiles import TileSet
    from lcc_core.files import Home
    from lcc_core.hooks import Hooks


@dataclass(frozen=True)
class SceneFile:
    """A published file: where it lies, and the name of the array in it."""

    archive: Archive
    key: str


@dataclass(frozen=True)
class SceneInfo:
    """A published scene.

    Attributes:
        cube: its file of pixels.
        labels: its file of class numbers, 0 for background.
        shape: height, width and bands.
        rgb: the bands of its picture, from 0.
    """

    cube: SceneFile
    labels: SceneFile
    shape: tuple[int, int, int]
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class DataSet:
    """A data set that is known by name: tiles in an archive, a scene in two files, or drawn here.

    Attributes:
        name: as commands and studies have it.
        title: for people.
        summary: one sentence: how many tiles of what.
        licence: what it may be used for, and who made it.
        classes: their names; of a scene in the order of their numbers, from 1.
        tiles: how many there are; of a scene, labelled pixels.
        synthetic: whether the tiles are of no real land.
        archive: where a set of tiles is downloaded from.
        class_of: relative path of a tile in the archive → its class.
        scene: the files of a scene.
        draw: makes the tiles on this machine and stores them, where nothing is downloaded.
    """

    name: str
    title: str
    summary: str
    licence: str
    classes: tuple[str, ...]
    tiles: int
    synthetic: bool = False
    archive: Archive | None = None
    class_of: Callable[[PurePosixPath], str] = folder_name
    scene: SceneInfo | None = None
    draw: Callable[[Home, Hooks], TileSet] | None = None

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


DATASETS: Registry[DataSet] = Registry("known data set", __name__, DataError)
EHU = "http://www.ehu.eus/ccwintco/uploads"


def ehu_file(path: str, size: int, sha256: str, key: str) -> SceneFile:
    """Describe a file of the scenes that the University of the Basque Country (EHU) keeps."""
    return SceneFile(Archive(f"{EHU}/{path}", size, sha256=sha256), key)
