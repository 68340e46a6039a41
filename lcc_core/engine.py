"""What the engine yields, by version: part of the key of everything that is stored.

Whoever changes what a noun yields raises its version here; ``tests/test_engine.py`` fails where
that was forgotten. What is stored under an older version is then no longer found by its key, and
rows of older versions are shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ENGINE: dict[str, int] = {
    # What a recipe yields. 2: statistics of the training part alone.
    "training": 2,
    # What the plateau schedule alone yields. 2: it follows the validation loss.
    "plateau": 2,
    # The figures of a row. 2: pruned weights are those that a mask removed, a pruned layer of one
    # bit counts log₂ 3 bits, and the validation part is measured as well.
    "measure": 2,
    "quantizer": 1,  # codes and scales of given bits
    "pruning": 1,  # which weights go at a given k
    "recalibration": 1,  # statistics and biases after it
    "importance": 1,  # of layers
    "search": 1,  # the plan that a search finds
    "coreset": 1,  # the tiles that a method keeps
    "narrowing": 1,  # the channels that stay
    "map": 1,  # the classes of a scene's pixels
}
# When keys began to name each noun. A version that is still at its first leaves keys as they were.
FIRST: dict[str, int] = {name: 1 for name in ENGINE} | {"training": 2, "plateau": 2, "measure": 2}
COMPRESSED = ("quantizer", "pruning", "recalibration")
MEASURED = ("measure", *COMPRESSED)
SEARCHED = ("search", "importance", *COMPRESSED)
# By kind of a study's step.
STEP: dict[str, tuple[str, ...]] = {
    "train": ("training", "plateau"),
    "choose": ("coreset",),
    "distil": ("training", "plateau", "narrowing"),
    "narrow": ("training", "plateau", "narrowing"),
    "search": SEARCHED,
    "measure": MEASURED,
}


def raised(nouns: Iterable[str]) -> dict[str, int]:
    """Those of the nouns whose version is above its first."""
    return {noun: ENGINE[noun] for noun in nouns if ENGINE[noun] != FIRST[noun]}


def key_of(*nouns: str) -> dict[str, Any]:
    """What the key of something holds that these nouns decide."""
    key: dict[str, Any] = {"version": 1}  # as keys were when there was one version for all
    if "measure" in nouns:
        key["engine"] = ENGINE["measure"]
    return key | raised(noun for noun in nouns if noun != "measure")


def older(versions: Mapping[str, int], nouns: Iterable[str] = MEASURED) -> tuple[str, ...]:
    """The nouns of which a result has an older version than the engine.

    Args:
        versions: noun → version, as the result remembers them; one it lacks is at its first.
        nouns: those that decide the result.
    """
    return tuple(noun for noun in nouns if versions.get(noun, FIRST[noun]) < ENGINE[noun])
