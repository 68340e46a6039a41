"""Tiles and scenes that are imported, downloaded or drawn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.task import Task, register
from lcc_core.tasks.training import SEEDS
from lcc_core.units import names, parse_size

if TYPE_CHECKING:
    from lcc_core.data.scenes import SceneChoice
    from lcc_core.data.tiles import TileSet
    from lcc_core.workspace import Workspace

SCENE = ("patch", "keys", "classes", "without", "rgb")
ABOUT_NAMES = (
    'With commas; names that hold commas as a JSON list: ["forest", "river, lake"], or the '
    "name of a .json file."
)


@dataclass(frozen=True, kw_only=True)
class TilesTask(Task):
    """Tiles arrive. Reading them hardly computes: it neither waits nor makes others wait."""

    heavy: ClassVar[bool] = False

    name: str = setting(
        label="Name", help="eurosat, ucmerced, indian_pines, … or a name of your own.",
        positional=True, metavar="NAME",
    )  # fmt: skip

    @property
    def then(self) -> str:
        return "The tiles are in the list under **Data**."

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        began = time.monotonic()
        tiles = self.bring(workspace, hooks)
        return {
            "name": tiles.name,
            "tiles": len(tiles),
            "size": list(tiles.size),
            "bands": tiles.bands,
            "class_names": tiles.class_names,
            "fingerprint": tiles.fingerprint,
            "seconds": round(time.monotonic() - began, 2),
        }

    def bring(self, workspace: Workspace, hooks: Hooks) -> TileSet:
        """Read, fetch or draw them, and store them."""
        raise TypeError(f"{type(self).__name__} does not say where its tiles come from")


@dataclass(frozen=True, kw_only=True)
class SceneTask(TilesTask):
    """What scenes are told besides. What is ``None`` is as the reader has it."""

    patch: int | None = setting(
        None, "Patch", "Side of patches, odd (11).", low=1, unit="pixels", metavar="PIXELS"
    )
    classes: tuple[str, ...] | None = setting(
        None, "Class names", f"In the order of the numbers. {ABOUT_NAMES}",
        metavar="NAME", reads=names,
    )  # fmt: skip
    without: tuple[str, ...] | None = setting(
        None, "Classes to leave out", ABOUT_NAMES, metavar="NAME", reads=names
    )
    rgb: tuple[int, ...] | None = setting(
        None, "Bands of the picture", "Red, green and blue, from 0.", metavar="R,G,B"
    )
    limit: int | None = setting(
        None, "Largest size",
        "Most that the set may take unpacked, as 20GB (8GB; of small files less).",
        low=1, metavar="SIZE", reads=parse_size,
    )  # fmt: skip

    def choice(self, **more: Any) -> SceneChoice:
        """How a scene is read. Raises ``ValueError`` for what does not fit."""
        from lcc_core.data.scenes import SceneChoice

        asked = {name: getattr(self, name) for name in ("patch", "classes", "without", "rgb")}
        asked |= more
        return SceneChoice(**{name: value for name, value in asked.items() if value is not None})


@register
@dataclass(frozen=True, kw_only=True)
class ImportTask(SceneTask):
    """An archive or a folder of tiles, or a scene's cube and label map → a data set."""

    kind: ClassVar[str] = "data import"
    summary: ClassVar[str] = "import a zip archive, a folder, or a scene"

    paths: tuple[str, ...] = setting(
        label="Path",
        help="Tiles: a zip archive or a folder of class folders; a scene: its cube and its label "
        "map (.mat, .npy or ENVI .hdr).",
        positional=True, metavar="PATH",
    )  # fmt: skip
    size: int | None = setting(
        None, "Size", "Resize tiles to this side.", low=1, unit="pixels", metavar="PIXELS"
    )
    keys: tuple[str, ...] | None = setting(
        None, "Arrays", "Which arrays of the .mat files.", metavar="CUBE,LABELS"
    )

    def title(self) -> str:
        return f"Importing {self.name}"

    def bring(self, workspace: Workspace, hooks: Hooks) -> TileSet:
        from lcc_core.data.catalog import import_files, import_tiles

        first, *others = self.paths
        if len(others) > 1:
            raise LccError(
                f"{len(self.paths)} files are named.",
                "Name one archive or folder of tiles, or the cube and the label map of a scene.",
            )
        home = workspace.home
        if others:
            if self.size is not None:
                raise LccError(
                    "--size is for tiles.", "Patches of a scene are as large as --patch."
                )
            choice = self.choice(keys=self.keys)
            return import_files(self.name, first, others[0], home, choice, limit=self.limit)
        for option in SCENE:
            if getattr(self, option) is not None:
                raise LccError(
                    f"--{option} is for scenes, and one path is named.",
                    "Name the cube and the label map.",
                )
        return import_tiles(self.name, first, home, size=self.size, hooks=hooks, limit=self.limit)


@register
@dataclass(frozen=True, kw_only=True)
class SurrogateTask(SceneTask):
    """A label map and some real spectra → a drawn scene."""

    kind: ClassVar[str] = "data surrogate"
    summary: ClassVar[str] = "draw a scene from a label map and some real spectra"

    labels: str = setting(
        label="Label map", help="The label map.", positional=True, metavar="LABELS"
    )
    spectra: str = setting(
        label="Spectra", help="Spectra × bands.", positional=True, metavar="SPECTRA"
    )
    of: str = setting(
        label="Classes of the spectra", help="The class of every spectrum, from 1.",
        positional=True, metavar="CLASSES",
    )  # fmt: skip
    order: tuple[int, ...] = setting(
        (), "Order", "The label map's number of each class.", metavar="N"
    )
    like: str = setting("", "Like", "Classes and colours of a known scene.")
    seed: int = setting(0, "Seed", "Of the drawing.", low=0, high=SEEDS, metavar="S")

    def title(self) -> str:
        return f"Drawing {self.name}"

    def bring(self, workspace: Workspace, hooks: Hooks) -> TileSet:
        from lcc_core.data.catalog import Surrogate, draw_surrogate

        drawn = Surrogate(self.labels, self.spectra, self.of, self.order, self.like, self.seed)
        choice = self.choice()
        return draw_surrogate(self.name, drawn, workspace.home, choice, limit=self.limit)


@register
@dataclass(frozen=True, kw_only=True)
class DownloadTask(TilesTask):
    """A known data set, downloaded or drawn."""

    kind: ClassVar[str] = "data download"
    summary: ClassVar[str] = "download a known data set"

    def title(self) -> str:
        from lcc_core.data.sets import DATASETS

        known = DATASETS.get(self.name)
        drawn = known is not None and known.draw
        return f"Drawing the {self.name} tiles" if drawn else f"Downloading {self.name}"

    def bring(self, workspace: Workspace, hooks: Hooks) -> TileSet:
        from lcc_core.data.catalog import download_tiles

        return download_tiles(self.name, workspace.home, hooks=hooks)
