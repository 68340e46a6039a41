"""What a user hands in: refused at once and by name where it is not what it should be."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lcc_core
from lcc_core.checkpoints.foreign import read_weights
from lcc_core.errors import CheckpointError, LccError
from lcc_core.reading import check_settings, parse_json, parse_size, read_text, value_of, values_of
from lcc_core.studies.spec import read_study

READERS = (lcc_core.load, read_weights, read_study, read_text)


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    """Things that are no file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    return {
        "is a named pipe, not a file": tmp_path / "pipe",
        "is a folder, not a file": tmp_path / "folder",
        "named pipe, not": tmp_path / "link",
        "is a device, not a file": Path("/dev/zero"),
        "device, not": Path("/dev/full"),
        "symbolic links": tmp_path / "loop",
        "does not exist": tmp_path / "missing",
        "null byte": Path("null\0byte"),
    }


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(reader, odd: dict[str, Path]) -> None:
    for said, path in odd.items():
        with pytest.raises(LccError, match=said) as caught:
            reader(path)
        assert caught.value.fix


@pytest.mark.parametrize("reader", READERS)
def test_what_may_not_be_read_is_not_called_damaged(
    reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine"
    path.write_text("x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LccError, match=r"cannot be read: Permission denied\. Ask its owner"):
        reader(path)


def test_text_is_bounded_and_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfplain")
    assert read_text(path) == "plain"
    with pytest.raises(LccError, match="more than 7 bytes"):
        read_text(path, 7)
    path.write_bytes(b"\xff\xfep\0l\0")
    with pytest.raises(LccError, match="not UTF-8"):
        read_text(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_sound_json_is_read_as_always(content: object) -> None:
    text = json.dumps(content)
    assert parse_json(text) == parse_json("\ufeff" + text) == content
    assert parse_json(text.encode()) == content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "NaN is no number"),
        ('{"a": [Infinity]}', "Infinity is no number"),
        ("-Infinity", "is no number"),
        ("[1e999]", "inf is no number"),
        ("9" * 30, "64 bits"),
        ("9" * 5000, "digits"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        ('"\\ud800"', "not Unicode"),
        ('{"\\udfff": 1}', "not Unicode"),
        ("[" * 100_000, "more values|nested"),
        ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ("[" * 70 + "]" * 70, "nested too deeply"),
        ("[" + "[]," * 200_000 + "1]", "more values"),
        ("{", "Expecting"),
        ("", "Expecting"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_json_without_surprises(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_json(text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (4.0, int), (True, int), ("4", int), (None, int), (10**30, int), (True, float),
        (float("nan"), float), ("1", float), (10**400, float), (1, bool), (1, str), ({}, list),
        ([], dict), ("ab", list),
    ],
)  # fmt: skip
def test_a_wrong_type_is_told_by_its_key(value: object, kind: type) -> None:
    with pytest.raises(ValueError, match=r"^one=.*it must be"):
        value_of({"one": value}, "one", kind)


def test_right_types() -> None:
    content = {"n": 4, "x": 4, "t": "a", "l": [1, 2.5], "d": {"a": 1}, "b": False}
    assert value_of(content, "n", int) == 4
    assert isinstance(value_of(content, "x", float), float)
    assert values_of(content, "l", float) == (1.0, 2.5)
    assert value_of(content, "none", str, "default") == "default"
    with pytest.raises(ValueError, match="'none' is missing"):
        value_of(content, "none", str)
    with pytest.raises(ValueError, match=r"l=2\.5 .*a list of a whole number each"):
        values_of(content, "l", int)


def test_settings_of_a_dataclass() -> None:
    @dataclass
    class Settings:
        count: int = 1
        rate: float = 0.5
        other: CheckpointError | None = None

    check_settings(Settings, {"count": 3, "rate": 1}, "s")
    for content, said in (
        ({"count": 3.0}, r"s\.count=3\.0"),
        ({"rate": "x"}, r"s\.rate='x'"),
        ({"speed": 1}, r"s\.speed=1"),
        ({"other": {}}, "left out"),
    ):
        with pytest.raises(ValueError, match=said):
            check_settings(Settings, content, "s")


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 5 * 10**8), ("2 GB", 2 * 10**9), ("1.5kb", 1500), ("none", 0)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["much", "3 XB", "", "inf", "nan", "1e999GB"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        parse_size(text)
