"""The demo tiles: drawn on this machine, so that there is something to work on offline."""

from __future__ import annotations

from lcc_core.data import demo
from lcc_core.data.sets import DATASETS, DataSet
from lcc_core.data.stored import About, store
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.hooks import Hooks


def draw(home: Home, hooks: Hooks) -> TileSet:
    """Draw the tiles and store them."""
    labels, test_ids = demo.layout()
    source = f"drawn by this program, seed {demo.SEED}, version {demo.VERSION}"
    return store(
        home,
        About(DEMO.name, demo.CLASSES, DEMO.title, source, synthetic=True),
        (len(labels), demo.SIZE, demo.SIZE, 3),
        labels,
        lambda images: demo.draw(labels, images, hooks),
        test_ids,
    )


DEMO = DATASETS.register(
    DataSet(
        "demo",
        "Demo tiles (synthetic)",
        "3,000 procedural 64×64 RGB tiles in EuroSAT's ten classes, drawn on this machine.",
        "MIT, as this program",
        demo.CLASSES,
        3000,
        synthetic=True,
        draw=draw,
    )
)
