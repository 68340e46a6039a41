"""A coreset as a noun: what it says of itself, its id, its name, and the file that holds it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tiny import NAMES, make_tiles

from lcc_core.coresets import Coreset, CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import (
    default_name,
    delete_coreset,
    list_coresets,
    read_coreset,
    save_coreset,
    title_of,
)
from lcc_core.coresets.methods import CoresetMethod
from lcc_core.coresets.methods.ccs import Ccs
from lcc_core.data.splits import make_split
from lcc_core.errors import DataError
from lcc_core.files import Home

TILES = make_tiles()
SETTINGS = CoresetSettings("ccs", 0.25, True, 3, Ccs(0.5))


def coreset(**change: object) -> Coreset:
    values = {
        "name": "few", "settings": SETTINGS, "source": "c0ffee123456", "data": "tiny",
        "fingerprint": TILES.fingerprint, "protocol": "70/30", "split_seed": 5, "of": 32,
        "class_counts": dict.fromkeys(NAMES, 1), "created": "2024-05-06T07:08:09+00:00",
        "ids": np.array([1, 4, 9, 16]),
    }  # fmt: skip
    return Coreset(**{**values, **change})


def test_what_it_says_of_itself() -> None:
    one = coreset()
    assert one.split_facts == {"protocol": "70/30", "seed": 5}
    assert coreset(validation=0.2).split_facts == {
        "protocol": "70/30", "seed": 5, "validation": 0.2,
    }  # fmt: skip
    assert one.facts() == {
        "id": one.id, "name": "few", "tiles": 4, "of": 32, "source": "c0ffee123456",
        "method": "ccs", "fraction": 0.25, "balanced": True, "seed": 3, "beta": 0.5,
        "aum": "logits",
    }  # fmt: skip
    assert one.validation == 0
    assert one.to_json() == {
        "name": "few", "settings": SETTINGS.to_json(), "source": "c0ffee123456", "data": "tiny",
        "fingerprint": TILES.fingerprint, "protocol": "70/30", "split_seed": 5, "of": 32,
        "class_counts": dict.fromkeys(NAMES, 1), "created": "2024-05-06T07:08:09+00:00",
        "ids": [1, 4, 9, 16], "validation": 0.0,
    }  # fmt: skip
    back = Coreset.from_json(json.loads(json.dumps(one.to_json())))
    assert back.to_json() == one.to_json() and back.settings == SETTINGS
    assert back.ids.dtype == np.int64


def test_its_id_is_of_the_tiles_and_the_split() -> None:
    """Checkpoints trained on it are found by it, so it must stay what it is."""
    numbers = b"".join(n.to_bytes(8, "little") for n in (1, 4, 9, 16))
    content = [TILES.fingerprint, "70/30", 5, hashlib.sha256(numbers).hexdigest()]
    plain = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:12]
    assert coreset().id == plain
    assert coreset(name="x", settings=CoresetSettings(), created="").id == plain
    for other in (
        {"ids": np.array([1, 4, 9, 17])}, {"split_seed": 6}, {"protocol": "80/20"},
        {"fingerprint": "f"},
    ):  # fmt: skip
        assert coreset(**other).id != plain


def test_the_split_trains_on_its_tiles_alone() -> None:
    one = coreset(validation=0.2)
    split, whole = one.split(TILES), make_split(TILES, "70/30", 5)
    assert split.train.tolist() == [1, 4, 9, 16] and split.coreset == one.facts()
    np.testing.assert_array_equal(split.validation, whole.validation)
    np.testing.assert_array_equal(split.test, whole.test)
    assert not len(coreset().split(TILES).validation)


@dataclass
class Known:
    """A checkpoint as a choice needs it."""

    tables: dict[str, np.ndarray]
    id: str = "c0ffee123456"
    data: str = "tiny"

    def dynamics(self) -> dict[str, np.ndarray]:
        return self.tables


def known_by(tables: dict[str, np.ndarray]) -> Any:
    return Known(tables)


def dynamics(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    tables = {
        name: generator.random((4, n)).astype(np.float16)
        for name in ("confidence", "margin", "true_margin", "logit_margin")
    }
    return tables | {"correct": generator.integers(0, 2, (4, n)).astype(np.uint8)}


@pytest.mark.parametrize("how", ["validation", "test"])
def test_a_choice_is_told_whole(how: str) -> None:
    split = make_split(TILES, "70/30", 2, how)
    count = len(split.train)
    known = known_by(dynamics(count))
    known.tables["margin"][-1] = rank = np.arange(count) * 7 % count  # easy and hard in each class
    one = choose_coreset(known, TILES, split, CoresetSettings("margin", 0.5))
    # The half of smallest margin in the last epoch, as numbers of the whole set.
    assert one.ids.tolist() == split.train[rank < round(count / 2)].tolist()
    assert (one.source, one.data, one.fingerprint) == (known.id, "tiny", TILES.fingerprint)
    assert (one.protocol, one.split_seed) == ("70/30", 2)
    assert one.validation == (0.2 if how == "validation" else 0)
    assert one.of == count
    counted = {name: int((TILES.labels[one.ids] == i).sum()) for i, name in enumerate(NAMES)}
    assert one.class_counts == counted
    assert one.created.endswith("+00:00") and len(one.created) == 25
    assert one.name == "tiny-margin-50-s0-c0ffee"
    assert choose_coreset(known, TILES, split, SETTINGS, "mine").name == "mine"


def test_a_choice_by_areas_takes_them_of_what_was_asked_for() -> None:
    split = make_split(TILES)
    known = known_by(dynamics(len(split.train)))
    settings = CoresetSettings("ccs", 0.4, own=Ccs(0.4))
    by_logits = choose_coreset(known, TILES, split, settings)
    other = replace(settings, own=Ccs(0.4, "probabilities"))
    by_probability = choose_coreset(known, TILES, split, other)
    assert by_logits.settings == settings and by_probability.settings == other
    assert by_logits.ids.tolist() != by_probability.ids.tolist()
    del known.tables["logit_margin"]
    old = choose_coreset(known, TILES, split, settings)
    assert old.settings == other
    assert old.ids.tolist() == by_probability.ids.tolist()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (CoresetSettings(), "tiny-ccs-10-s0-c0ffee"),
        (CoresetSettings("random", 0.125, True, 7), "tiny-balanced-random-12.5-s7-c0ffee"),
        (CoresetSettings(own=Ccs(0.25)), "tiny-ccs-10-b25-s0-c0ffee"),
        (CoresetSettings(own=Ccs(aum="probabilities")), "tiny-ccs-10-p-s0-c0ffee"),
        (CoresetSettings(own=Ccs(0.0, "probabilities")), "tiny-ccs-10-b0-p-s0-c0ffee"),
    ],
)
def test_names_say_what_it_is(settings: CoresetSettings, name: str) -> None:
    assert default_name(known_by({}), settings) == name


def test_kept_read_listed_and_deleted(home: Home) -> None:
    assert list_coresets(home) == []
    first = save_coreset(home, coreset())
    later = save_coreset(home, coreset(name="later", created="2024-05-07T00:00:00+00:00"))
    same = save_coreset(home, coreset(name="a", created=first.created))
    assert [one.name for one in list_coresets(home)] == ["later", "few", "a"]
    assert (home.folder("coresets") / "few.json").is_file()
    assert read_coreset(home, "few").to_json() == first.to_json()
    renewed = coreset(created="2024-06-01T00:00:00+00:00")
    assert save_coreset(home, renewed) is renewed  # the same tiles
    assert read_coreset(home, "few").created == renewed.created
    with pytest.raises(DataError, match="another coreset called 'few'"):
        save_coreset(home, coreset(ids=np.array([1, 2])))
    assert read_coreset(home, "few").ids.tolist() == [1, 4, 9, 16]
    delete_coreset(home, "few")
    assert [one.name for one in list_coresets(home)] == [later.name, same.name]
    for forget in (read_coreset, delete_coreset):
        with pytest.raises(DataError, match="There is no coreset 'few'"):
            forget(home, "few")


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3}, {"source": None}, {"data": 1}, {"fingerprint": []}, {"protocol": 7},
        {"created": 5}, {"name": "other"}, {"ids": [[1, 2]]}, {"ids": []}, {"ids": "1"},
        {"of": "32"}, {"class_counts": [1]}, {"settings": {"method": "best"}},
        {"settings": {"fraction": "half"}}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_coreset_is_damaged_and_passed_over(home: Home, change: dict) -> None:
    save_coreset(home, coreset(name="good"))
    path = home.folder("coresets") / "few.json"
    path.write_text(json.dumps(coreset().to_json()))
    assert len(list_coresets(home)) == 2
    path.write_text(json.dumps({**coreset().to_json(), **change}))
    with pytest.raises(DataError, match="The coreset 'few' is damaged"):
        read_coreset(home, "few")
    found = list_coresets(home)
    assert [one.name for one in found] == ["good"]
    assert [one.path for one in found.unreadable] == [path]


def test_other_files_are_no_coresets(home: Home) -> None:
    save_coreset(home, coreset())
    (home.folder("coresets") / "notes.txt").write_text("mine")
    found = list_coresets(home)
    assert [one.name for one in found] == ["few"] and not found.unreadable


def test_a_choice_that_a_checkpoint_remembers_has_a_title() -> None:
    facts = coreset().facts()
    assert title_of(facts) == "balanced ccs, beta = 0.5"
    assert title_of(coreset(settings=CoresetSettings("margin", 0.5)).facts()) == "margin"
    old = {"method": "ccs", "fraction": 0.1, "balanced": False, "seed": 0, "tiles": 3, "of": 30}
    assert title_of(old) == "ccs, aum = probabilities"
    foreign = old | {"method": "mine", "balanced": True}
    assert title_of(foreign) == "balanced mine" and title_of(old | {"method": "mine"}) == "mine"


def test_names_of_methods_that_say_nothing_of_themselves() -> None:
    method = CoresetMethod("mine", "", lambda *_: lambda pool, n: pool[:n], config=Ccs)
    assert method.tag(Ccs()) == "" and method.tag(Ccs(0.25)) == "-beta-0.25"
