"""The noun ``Split``: which tiles train, which choose, which are measured once at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lcc_core.data.scene import Scene
from lcc_core.data.spatial import SPATIAL, disjoint_parts
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, require

# Shares of train / validation / test. The papers have no validation part.
PROTOCOLS: dict[str, tuple[float, float, float]] = {
    "64/16/20": (0.64, 0.16, 0.20),
    "80/20": (0.80, 0.0, 0.20),
    "70/30": (0.70, 0.0, 0.30),
    "30/10/60": (0.30, 0.10, 0.60),
    "10/10/80": (0.10, 0.10, 0.80),
}
DEFAULT_PROTOCOL = "64/16/20"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Index arrays into a ``TileSet``, with the protocol and the seed that made them.

    ``coreset``: what is known of the choice, where only a part of the training tiles is kept.
    ``spatial``: how far apart the parts lie, where they were kept apart.
    """

    protocol: str
    seed: int
    train: np.ndarray = field(repr=False)
    validation: np.ndarray = field(repr=False)
    test: np.ndarray = field(repr=False)
    coreset: Mapping[str, Any] | None = None
    spatial: Mapping[str, Any] | None = None

    def only(self, ids: np.ndarray, coreset: Mapping[str, Any]) -> Split:
        """Train on the tiles ``ids`` alone; the other parts stay."""
        return replace(self, train=ids, coreset=coreset)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"protocol": self.protocol, "seed": self.seed}
        if self.spatial:
            facts["spatial"] = dict(self.spatial)
        return facts | ({"coreset": dict(self.coreset)} if self.coreset else {})

    def part(self, name: str) -> np.ndarray:
        require(name in PARTS, "part", name, f"one of {', '.join(PARTS)}")
        ids = getattr(self, name)
        if not len(ids):
            raise DataError(
                f"The {self.protocol} split has no {name} part.",
                f"Use the {DEFAULT_PROTOCOL} split, or measure on the test part.",
            )
        return ids

    @property
    def selection(self) -> str:
        """The part on which settings are chosen: test only where there is no validation part."""
        return "validation" if len(self.validation) else "test"


def protocols(tiles: TileSet) -> tuple[str, ...]:
    """The names of the splits that these tiles can have."""
    return (*PROTOCOLS, *(SPATIAL if isinstance(tiles, Scene) else ()))


def check_protocol(protocol: str) -> None:
    """``ValueError`` for a split that no tiles can have."""
    known = (*PROTOCOLS, *SPATIAL)
    require(protocol in known, "protocol", protocol, f"one of {', '.join(known)}")


def make_split(tiles: TileSet, protocol: str = DEFAULT_PROTOCOL, seed: int = 0) -> Split:
    """A stratified random split, or a spatially disjoint one of a scene.

    Sets that bring their own test part keep it in random splits.
    """
    check_protocol(protocol)
    if protocol in SPATIAL:
        if not isinstance(tiles, Scene):
            raise DataError(
                f"{tiles.name!r} holds tiles that lie nowhere: {protocol} is for scenes.",
                f"Choose one of {', '.join(PROTOCOLS)}.",
            )
        parts = disjoint_parts(tiles, protocol, seed)
        return Split(protocol, seed, parts.train, parts.validation, parts.test, spatial=parts.facts)
    train_share, validation_share, test_share = PROTOCOLS[protocol]
    generator = np.random.default_rng(seed)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in PARTS}
    own_test = np.zeros(len(tiles), bool)
    if tiles.test_ids is not None:
        own_test[tiles.test_ids] = True
    for label, name in enumerate(tiles.class_names):
        ids = generator.permutation(np.flatnonzero((tiles.labels == label) & ~own_test))
        given = np.flatnonzero((tiles.labels == label) & own_test)
        if tiles.test_ids is None:
            n_test = round(len(ids) * test_share)
            test, rest = ids[:n_test], ids[n_test:]
        else:
            test, rest = given, ids
        n_validation = round(len(rest) * validation_share / (train_share + validation_share))
        if min(len(test), len(rest) - n_validation) < 1 or (validation_share and not n_validation):
            raise DataError(
                f"Class {name!r} of {tiles.name!r} has {len(ids) + len(given)} tiles, too few for "
                f"a {protocol} split.",
                "Add tiles to the class or leave it out.",
            )
        parts["test"].append(test)
        parts["validation"].append(rest[:n_validation])
        parts["train"].append(rest[n_validation:])
    joined = {name: np.sort(np.concatenate(ids)) for name, ids in parts.items()}
    return Split(protocol, seed, **joined)
