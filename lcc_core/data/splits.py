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

# Shares of train / validation / test. The papers' 80/20 and 70/30 have no validation part: unless
# their way is asked for, VALIDATION_SHARE of the training part becomes one; the test part stays.
PROTOCOLS: dict[str, tuple[float, float, float]] = {
    "64/16/20": (0.64, 0.16, 0.20),
    "80/20": (0.80, 0.0, 0.20),
    "70/30": (0.70, 0.0, 0.30),
    "30/10/60": (0.30, 0.10, 0.60),
    "10/10/80": (0.10, 0.10, 0.80),
}
DEFAULT_PROTOCOL = "64/16/20"
VALIDATION_SHARE = 0.2  # as in 64/16/20: 80/20 becomes the same split, 70/30 one of 56/14/30
SELECT_ON = ("validation", "test")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Index arrays into a ``TileSet``, with the protocol and the seed that made them.

    ``validation_share``: of the protocol's training part, what was cut off as the validation part;
    0 where the protocol has its own, and for the papers' way, which has none. ``coreset``: what is
    known of the choice, where only a part of the training tiles is kept.
    ``spatial``: how far apart the parts lie, where they were kept apart.
    """

    protocol: str
    seed: int
    train: np.ndarray = field(repr=False)
    validation: np.ndarray = field(repr=False)
    test: np.ndarray = field(repr=False)
    coreset: Mapping[str, Any] | None = None
    spatial: Mapping[str, Any] | None = None
    validation_share: float = 0.0

    def only(self, ids: np.ndarray, coreset: Mapping[str, Any]) -> Split:
        """Train on the tiles ``ids`` alone; the other parts stay."""
        return replace(self, train=ids, coreset=coreset)

    def facts(self) -> dict[str, Any]:
        """Say what a checkpoint remembers of it: enough to draw it again."""
        facts: dict[str, Any] = {"protocol": self.protocol, "seed": self.seed}
        # Said only where there is one: older checkpoints have none, and it stays so.
        if self.validation_share:
            facts["validation"] = self.validation_share
        if self.spatial:
            facts["spatial"] = dict(self.spatial)
        return facts | ({"coreset": dict(self.coreset)} if self.coreset else {})

    def part(self, name: str) -> np.ndarray:
        """Take the tiles of a part. Raises ``DataError`` where there is none."""
        require(name in PARTS, "part", name, f"one of {', '.join(PARTS)}")
        ids = getattr(self, name)
        if not len(ids):
            raise DataError(
                f"This {self.protocol} split has no {name} part: it was made the papers' way.",
                "Train without `--select-on test` to get one, or measure on the test part.",
            )
        return ids

    @property
    def selection(self) -> str:
        """The part on which settings are chosen: test only where there is no validation part."""
        return "validation" if len(self.validation) else "test"


def protocols(tiles: TileSet) -> tuple[str, ...]:
    """Name the splits that these tiles can have."""
    return (*PROTOCOLS, *(SPATIAL if isinstance(tiles, Scene) else ()))


def check_protocol(protocol: str) -> None:
    """``ValueError`` for a split that no tiles can have."""
    known = (*PROTOCOLS, *SPATIAL)
    require(protocol in known, "protocol", protocol, f"one of {', '.join(known)}")


def lacks_validation(protocol: str) -> bool:
    """Tell whether the protocol, as its paper has it, leaves only the test part to choose on."""
    return protocol in PROTOCOLS and not PROTOCOLS[protocol][1]


def split_from(tiles: TileSet, facts: Mapping[str, Any]) -> Split:
    """Make the split that ``facts`` remember, without its coreset.

    Raises ``ValueError`` for unknown ones.
    """
    share = facts.get("validation", 0.0)
    # Another share would be another version's rule: better no split than other tiles.
    require(share in (0, VALIDATION_SHARE), "validation", share, f"0 or {VALIDATION_SHARE:g}")
    how = "validation" if share else "test"
    return make_split(
        tiles, facts.get("protocol", DEFAULT_PROTOCOL), int(facts.get("seed", 0)), how
    )


def selected_on(facts: Mapping[str, Any]) -> str:
    """``validation`` or ``test``: how a split of these facts was made."""
    return (
        "test"
        if lacks_validation(facts["protocol"]) and not facts.get("validation")
        else "validation"
    )


def same_split(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two splits' facts are of the same parts, coresets aside."""
    return split_name(one) == split_name(other)


def split_name(facts: Mapping[str, Any]) -> tuple[str, int, float]:
    """Protocol, seed and validation share: what a split's parts are drawn by."""
    return facts["protocol"], facts["seed"], facts.get("validation", 0.0)


def make_split(
    tiles: TileSet,
    protocol: str = DEFAULT_PROTOCOL,
    seed: int = 0,
    select_on: str = "validation",
) -> Split:
    """Draw a stratified random split, or a spatially disjoint one of a scene.

    Sets that bring their own test part keep it in random splits. ``select_on`` "test" leaves
    protocols without a validation part as their papers have them: what is chosen will have to be
    chosen on the test part. It changes nothing in the others, nor in any test part.
    """
    check_protocol(protocol)
    require(select_on in SELECT_ON, "select_on", select_on, f"one of {', '.join(SELECT_ON)}")
    if protocol in SPATIAL:
        if not isinstance(tiles, Scene):
            raise DataError(
                f"{tiles.name!r} holds tiles that lie nowhere: {protocol} is for scenes.",
                f"Choose one of {', '.join(PROTOCOLS)}.",
            )
        parts = disjoint_parts(tiles, protocol, seed)
        return Split(protocol, seed, parts.train, parts.validation, parts.test, spatial=parts.facts)
    train_share, validation_share, test_share = PROTOCOLS[protocol]
    cut = VALIDATION_SHARE if lacks_validation(protocol) and select_on == "validation" else 0.0
    if cut:
        train_share, validation_share = train_share * (1 - cut), train_share * cut
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
    return Split(protocol, seed, **joined, validation_share=cut)
