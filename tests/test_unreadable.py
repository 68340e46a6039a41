"""One odd file stops no other: it is passed over, counted and said, everywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import COMMANDS, LISTS, STORES, beside, first, job
from world import World

from lcc_core.files import Home
from lcc_core.results.table import all_rows, flat, own_rows, read_row

pytestmark = pytest.mark.usefixtures("shipped_nothing")


def as_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def as_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def as_loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path)


POISONS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_text(""),
    "cut": lambda path: path.write_text('{"a": [1, '),
    "a list": lambda path: path.write_text("[1]"),
    "null": lambda path: path.write_text("null"),
    "nothing": lambda path: path.write_text("{}"),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe\x00{"),
    "deep": lambda path: path.write_text("[" * 200_000),
    "huge": lambda path: path.write_text('{"shape": ' + "9" * 5000 + "}"),
    "folder": as_folder,
    "pipe": as_pipe,
    "loop": as_loop,
}


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("kind", STORES)
def test_one_odd_file_is_counted_and_stops_no_other(
    world: World,
    tmp_path: Path,
    kind: str,
    poison: str,
) -> None:
    home = world.copy(tmp_path / "home")
    where, listing = STORES[kind]
    path = where(home)
    good = len(listing(home))
    odd = beside(path, kind)
    POISONS[poison](odd)
    found = listing(home)
    assert len(found) == good > 0
    [bad] = found.unreadable
    assert bad.path == odd and bad.reason


@pytest.mark.parametrize("kind", STORES)
def test_commands_say_it_once_and_go_on(world: World, tmp_path: Path, kind: str) -> None:
    home = world.copy(tmp_path / "home")
    job(home)
    before = {words: json.loads(run(*words, "--json", home=home).out) for words in COMMANDS}
    odd = beside(STORES[kind][0](home), kind)
    odd.write_text("{")
    for command in COMMANDS:
        ended = run(*command, "--json", home=home)
        assert ended.code == 0
        answer = json.loads(ended.out)
        told = [one["path"] for one in answer.pop("unreadable")]
        assert told == ([str(odd)] if command in (LISTS[kind], ("cache", "info")) else [])
        before[command].pop("unreadable")
        if command[0] != "cache":
            assert answer == before[command]
        assert ended.err.count("cannot be read") == len(told)
    said = run(*LISTS[kind], home=home).err
    assert f"1 stored {kind} cannot be read: {odd} (" in said and len(said.splitlines()) == 1


def put(row: dict[str, Any], where: list[str], value: Any) -> dict[str, Any]:
    """A row in which one thing is another."""
    row = json.loads(json.dumps(row))
    row.pop("sha256", None)
    at = row
    for name in where[:-1]:
        at = at[name]
    if value is KeyError:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    return row


PLACES = [["oa"], ["bytes"], ["kappa"], ["interval"], ["recall"], ["confusion"], ["data"],
          ["measured"], ["plan"], ["checkpoint"], ["synthetic"], ["latency_ms"], ["macs"],
          ["model"], ["model", "spec"], ["model", "spec", "arch"], ["model", "spec", "class_names"],
          ["model", "recipe"], ["model", "recipe", "seed"], ["model", "split"],
          ["model", "split", "protocol"], ["model", "created"], ["settings"],
          ["settings", "layers"], ["settings", "method"]]  # fmt: skip
VALUES = st.one_of(
    st.just(KeyError), st.none(), st.booleans(), st.text(max_size=5), st.floats(),
    st.just(10**400), st.just(-1), st.just(0), st.just("\ud800"), st.just([]), st.just({}),
    st.just([[1]]), st.just({"a": "\udfff"}), st.just(10**30), st.just(float("nan")),
)  # fmt: skip


@given(place=st.sampled_from(PLACES), value=VALUES)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_row_is_read_whole_or_told(world: World, place: list[str], value: Any) -> None:
    """Whatever one of its facts is, what is taken for a row can be shown and hashed."""
    path = first(world.home, "results/*.json")
    odd = path.with_name("odd.json")
    try:
        odd.write_text(json.dumps(put(json.loads(path.read_text()), place, value)))
        found = own_rows(world.home)
        stored = [read_row(one) for one in path.parent.glob("*.json")]
        # Rows whose plans do the same to the same model are told once.
        assert len(found) == len({row.same for row in stored if row})
        assert len(found.unreadable) == stored.count(None)
        for row in found:
            text = json.dumps(flat(row), default=str)
            text.encode()
            json.dumps(flat(row), ensure_ascii=False).encode()
            hash(row.tested_on)
    finally:
        odd.unlink(missing_ok=True)


def test_half_a_character_in_a_plan_stops_nothing(world: World, tmp_path: Path) -> None:
    home = world.copy(tmp_path / "home")
    path = first(home, "results/*.json")
    row = put(json.loads(path.read_text()), ["settings", "method"], "\ud800")
    path.with_name("odd.json").write_text(json.dumps(row | {"method": "\ud800"}))
    out = tmp_path / "rows.csv"
    ended = run("results", "--out", out, home=home)
    assert ended.code == 0 and "1 stored row cannot be read" in ended.err
    assert len(out.read_text().splitlines()) == 1 + len(own_rows(home))


def test_shipped_lines_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "set.jsonl").write_text('{"oa": \n[]\n"\\ud800"\n')
    found = all_rows(Home.find(tmp_path / "home"))
    assert len(found) == 0
    assert [one.reason[:6] for one in found.unreadable] == ["line 1", "line 2", "line 3"]
