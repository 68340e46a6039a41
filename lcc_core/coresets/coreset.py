"""The noun ``Coreset``: a named choice of training tiles, and the folder that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets.selection import CoresetSettings, select
from lcc_core.data.splits import Split, split_from
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, LccError
from lcc_core.files import Home, check_name, content_id, write_json
from lcc_core.unreadable import ODD, Found, Unreadable, broken, listed, read_json


@dataclass(frozen=True, eq=False)
class Coreset:
    """Training tiles ``ids`` (rising) out of ``of``, chosen by ``settings`` from the scores of
    checkpoint ``source``, whose data and split they belong to. The split is told by protocol, seed
    and ``validation``, the share of its training part that was cut off to choose on."""

    name: str
    settings: CoresetSettings
    source: str
    data: str
    fingerprint: str
    protocol: str
    split_seed: int
    of: int
    class_counts: dict[str, int]
    created: str
    ids: np.ndarray = field(repr=False)
    validation: float = 0.0

    @property
    def split_facts(self) -> dict[str, Any]:
        """Of the split it was chosen in, as a checkpoint remembers them."""
        facts: dict[str, Any] = {"protocol": self.protocol, "seed": self.split_seed}
        return facts | ({"validation": self.validation} if self.validation else {})

    @property
    def id(self) -> str:
        """Equal for coresets of the same tiles, however they are called or were chosen."""
        tiles = hashlib.sha256(self.ids.astype("<i8").tobytes()).hexdigest()
        return content_id([self.fingerprint, self.protocol, self.split_seed, tiles])

    def facts(self) -> dict[str, Any]:
        """Say what a checkpoint trained on it remembers."""
        return {
            "id": self.id,
            "name": self.name,
            "tiles": len(self.ids),
            "of": self.of,
            "source": self.source,
            **self.settings.to_json(),
        }

    def split(self, tiles: TileSet) -> Split:
        """Split the tiles with these as the training part. Raises ``DataError`` for other tiles."""
        if tiles.fingerprint != self.fingerprint:
            raise DataError(
                f"The coreset {self.name!r} was chosen from other tiles than those of "
                f"{tiles.name!r}.",
                "Use the set it names, or choose a new coreset.",
            )
        return split_from(tiles, self.split_facts).only(self.ids, self.facts())

    def to_json(self) -> dict[str, Any]:
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return content | {"settings": self.settings.to_json(), "ids": self.ids.tolist()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Coreset:
        settings = CoresetSettings.from_json(content["settings"])
        ids = np.array(content["ids"], np.int64)
        facts: dict[str, Any] = {**content, "settings": settings, "ids": ids}
        return cls(**facts)


OF_CHOICE = ("id", "name", "tiles", "of", "source")  # what facts hold beside the settings


def title_of(facts: Mapping[str, Any]) -> str:
    """Name the choice that a checkpoint remembers in :meth:`Coreset.facts`, of any age."""
    told = {name: value for name, value in facts.items() if name not in OF_CHOICE}
    try:
        return CoresetSettings.from_json(told).full_title
    except LccError:  # of a method that is not registered here
        return f"{'balanced ' if told['balanced'] else ''}{told['method']}"


def choose_coreset(
    checkpoint: Checkpoint, tiles: TileSet, split: Split, settings: CoresetSettings, name: str = ""
) -> Coreset:
    """Choose tiles by the training of ``checkpoint``, which was trained on all of ``split``.

    What the training did not record a method may replace (areas by probabilities for areas by
    logits), and the coreset's settings say so.

    Args:
        checkpoint: whose dynamics score the tiles.
        tiles: what it was trained on.
        split: whose training part is chosen from.
        settings: how to choose.
        name: what the coreset is called; by default :func:`default_name`.

    Raises:
        DataError: the checkpoint knows a part of the tiles alone, or the fraction is too small.
        CheckpointError: the method needs dynamics and the checkpoint has none.
    """
    if split.coreset:
        raise DataError(
            f"Checkpoint {checkpoint.id} was trained on a coreset and knows only its tiles.",
            "Choose from a checkpoint that was trained on the whole training part.",
        )
    method, scores = settings.entry, None
    if method.needs_dynamics:
        scores = method.scores(settings.own, checkpoint.dynamics())
        settings = replace(settings, own=method.settle(settings.own, scores))
    ids = split.train[select(scores, tiles.labels[split.train], tiles.class_names, settings)]
    counts = tiles.class_counts(ids)
    return Coreset(
        name=name or default_name(checkpoint, settings),
        settings=settings,
        source=checkpoint.id,
        data=tiles.name,
        fingerprint=tiles.fingerprint,
        protocol=split.protocol,
        split_seed=split.seed,
        validation=split.validation_share,
        of=len(split.train),
        class_counts=dict(zip(tiles.class_names, counts.tolist(), strict=True)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        ids=ids,
    )


def default_name(checkpoint: Checkpoint, settings: CoresetSettings) -> str:
    """Say what it is: ``eurosat-balanced-forgetting-10-s0-180e22``."""
    return (
        f"{checkpoint.data}-{settings.title.replace(' ', '-')}-{100 * settings.fraction:g}"
        f"{settings.entry.tag(settings.own)}-s{settings.seed}-{checkpoint.id[:6]}"
    )


def _path(home: Home, name: str) -> Path:
    check_name(name)
    return home.folder("coresets") / f"{name}.json"


def save_coreset(home: Home, coreset: Coreset) -> Coreset:
    """Keep it under its name. ``DataError`` where the name stands for other tiles already."""
    path = _path(home, coreset.name)
    if path.exists() and read_coreset(home, coreset.name).id != coreset.id:
        raise DataError(
            f"There is another coreset called {coreset.name!r}.",
            "Choose another name, or delete that one first.",
        )
    write_json(path, coreset.to_json())
    return coreset


def read_coreset(home: Home, name: str) -> Coreset:
    """Read a coreset by its name. Raises ``DataError`` where it is missing or damaged."""
    path = _path(home, name)
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise DataError(
            f"There is no coreset {name!r}.", "See `lcc coresets`, or choose one: `lcc coreset`."
        ) from error
    except ODD as error:
        raise DataError(*broken(f"The coreset {name!r}", error, "Choose it again.")) from error


def _read(path: Path) -> Coreset:
    found = Coreset.from_json(read_json(path))
    facts = vars(found)
    texts = ("name", "source", "data", "fingerprint", "protocol", "created")
    if not all(isinstance(facts[name], str) for name in texts):
        raise ValueError("a text is missing")
    if found.name != path.stem:
        raise ValueError(f"its name is {found.name!r}")
    if found.ids.ndim != 1 or not len(found.ids):
        raise ValueError("its tiles are no list of numbers")
    if not isinstance(facts["of"], int) or not isinstance(facts["class_counts"], dict):
        raise ValueError("its counts are no numbers")
    _ = found.settings.title, found.id  # what every list shows
    return found


def list_coresets(home: Home) -> Found[Coreset]:
    """All that can be read, newest first, and those that cannot."""
    paths = listed(home.folder("coresets"), "*.json")
    found, bad = [], list(paths.unreadable)
    for path in paths:
        try:
            found.append(_read(path))
        except ODD as error:
            bad.append(Unreadable.of(path, error))
    return Found(sorted(found, key=lambda one: (one.created, one.name), reverse=True), bad)


def delete_coreset(home: Home, name: str) -> None:
    """Forget the choice; checkpoints trained on it keep their tiles."""
    _path(home, read_coreset(home, name).name).unlink()
