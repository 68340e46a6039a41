"""Names of classes: told apart, never merged or shifted in silence."""

from __future__ import annotations

import json
from pathlib import Path

import hostile
import numpy as np
import pytest
import tiny_scene as scenes
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.commands.text import names
from lcc_core.data.catalog import import_files, import_tiles
from lcc_core.data.classnames import check_class_names
from lcc_core.data.limits import MOST_CLASSES
from lcc_core.data.scenes import SceneChoice, class_numbers, fit_labels, keep_scene
from lcc_core.data.sets import DATASETS
from lcc_core.data.stored import About
from lcc_core.errors import DataError, LccError
from lcc_core.files import Home

COMPOSED, APART = "For\u00eat", "Fore\u0302t"
ALIKE = [
    ("forest", "Forest"),
    (COMPOSED, APART),
    (COMPOSED.upper(), APART),
    ("Stra\u00dfe", "STRASSE"),
    ("bare soil", "bare  soil"),
    ("forest", "forest "),
    ("forest", "for\u200best"),
    ("forest", "forest\u200f"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_the_same_are_refused(
    home: Home, tmp_path: Path, one: str, other: str
) -> None:
    with pytest.raises(DataError, match="which look the same"):
        SceneChoice(classes=(one, "lake", other))
    tile = hostile.picture("PNG")
    source = hostile.pack(tmp_path / "x.zip", {f"{c}/x.png": tile for c in (one, other, "lake")})
    with pytest.raises(DataError, match=r"class folders of x\.zip hold .* which look the same"):
        import_tiles("mine", source, home)
    assert not list(home.tiles.glob("*"))


def test_how_they_are_written_is_shown() -> None:
    with pytest.raises(DataError, match=r"'For\\xeat' and 'Fore\\u0302t'"):
        check_class_names((COMPOSED, APART), "The classes")


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ("", "empty name"),
        ("  ", "empty name"),
        ("a\nb", r"'a\\nb', which cannot be shown"),
        ("a\x1b[31m", "cannot be shown"),
        ("a\x00", "cannot be shown"),
        ("a\u2028b", "cannot be shown"),
        ("a\udc80", "cannot be shown"),
        ("x" * 201, "cannot be shown"),
        ("lake", "'lake' twice"),
    ],
)
def test_names_that_cannot_be(bad: str, match: str) -> None:
    with pytest.raises(DataError, match=match):
        check_class_names(("lake", bad), "The classes")


def test_names_that_can_be() -> None:
    for known in (one.classes for one in DATASETS):
        check_class_names(known, "Known classes")
    check_class_names(("a, b", "=cmd()", "**x**", "森林", "می\u200cروم", "m", "m²"), "The classes")
    with pytest.raises(DataError, match=r"are 1,001"):
        check_class_names(tuple(map(str, range(MOST_CLASSES + 1))), "The classes")


def test_folders_of_control_characters(home: Home, tmp_path: Path) -> None:
    tile = hostile.picture("PNG")
    source = hostile.pack(tmp_path / "x.zip", {"a\nb/x.png": tile, "c/x.png": tile})
    with pytest.raises(DataError, match=r"'a\\nb', which cannot be shown"):
        import_tiles("mine", source, home)


@given(st.lists(st.text(), max_size=5))
def test_any_names_pass_as_a_json_list(wanted: list[str]) -> None:
    assert names(json.dumps(wanted)) == tuple(wanted)
    assert names(json.dumps(wanted, ensure_ascii=False)) == tuple(wanted)


def test_names_as_an_option(tmp_path: Path) -> None:
    assert names("a, b,c") == ("a", "b", "c")
    assert names("a,,c") == ("a", "", "c")  # and no name moves up
    assert names("a,b,") == ("a", "b", "")
    path = tmp_path / "names.json"
    path.write_text('["a, b", "c"]', "utf-8-sig")
    assert names(str(path)) == ("a, b", "c")
    for text in ('["a"', '["a", 3]', "[" * 9999, '[["a"]]'):
        with pytest.raises(LccError, match="list"):
            names(text)
    path.write_text('{"a": 1}')
    with pytest.raises(LccError, match="not a list of names"):
        names(str(path))
    with pytest.raises(LccError, match="does not exist"):
        names(str(tmp_path / "none.json"))


def test_more_names_than_classes_do_not_shift(home: Home, tmp_path: Path) -> None:
    files = scenes.files(tmp_path)
    for text in ("trees, tall,roof,soil,water", "grass,roof,soil"):
        with pytest.raises(DataError, match=r"class(es| names)"):
            import_files("x", *files, home, SceneChoice(5, classes=names(text)))
    meant = ("trees, tall", "roof", "soil", "water")
    scene = import_files("x", *files, home, SceneChoice(5, classes=meant, without=("roof",)))
    assert scene.class_names == ("trees, tall", "soil", "water")
    _, labels = scenes.draw()
    counts = [(labels == number).sum() for number in (1, 3, 4)]
    np.testing.assert_array_equal(scene.class_counts(), counts)


def test_classes_without_pixels_keep_the_places_of_others(home: Home) -> None:
    cube, labels = scenes.draw()
    labels = np.where(labels == 2, 0, labels)
    scene = keep_scene(home, About("x"), cube, labels, SceneChoice(5, classes=scenes.NAMES))
    assert scene.class_names == ("grass", "soil", "water")


@pytest.mark.parametrize("value", [-1, 0.5, 65_536, 1e300, 2**63])
def test_values_that_are_no_class_numbers(value: float) -> None:
    labels = np.array([[1, 2], [0, value]])
    with pytest.raises(DataError, match=r"x\.npy holds values that are no class numbers"):
        class_numbers(labels, "x.npy")


def test_countless_classes() -> None:
    labels = np.arange(1100).reshape(10, 110)
    with pytest.raises(DataError, match=r"holds 1,099 classes"):
        class_numbers(labels, "x.npy")


@given(st.integers(0, 999))
def test_majority_is_that_of_a_plain_count(seed: int) -> None:
    fine = np.random.default_rng(seed).integers(0, 5, (6, 9))
    for row, column in np.ndindex(2, 3):
        cell = fine[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        assert fit_labels(fine, (2, 3))[row, column] == np.bincount(cell.ravel()).argmax()
