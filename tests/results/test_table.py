"""Rows of the first engine, which counted otherwise: right or unknown, never wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_rows import row

from lcc_core.files import Home, write_json
from lcc_core.results import table
from lcc_core.results.table import ResultRow, flat

SHIPPED = Path(__file__).parents[2] / "cache" / "studies" / "eurosat.jsonl"


def old(**changes: Any) -> dict[str, Any]:
    """A row as the first engine wrote it: what is new is not there, what it counted is wrong."""
    made = row("old", **changes).to_json() | {"nominal_ratio": 8.0, "zeros_free_ratio": 99.0}
    for name in ("pruned", "validation_oa", "validation_tiles", "engine"):
        del made[name]
    return made


def test_without_pruning_zeros_free_is_nominal() -> None:
    read = ResultRow.from_json(old()).measurement
    assert (read.pruned, read.zeros_free_ratio, read.nominal_ratio) == (0.0, 8.0, 8.0)
    assert read.engine == 1 and read.validation_oa is None


@pytest.mark.parametrize(
    "changes",
    [
        {"k": 0.5},
        {"recipe": {"start": {"checkpoint": "x", "k": 0.5}}},
        {"recipe": {"start": {"checkpoint": "x"}}},  # what that one was started from is not told
        {"recipe": {"preset": "imported"}},
    ],
)
def test_what_was_or_may_have_been_pruned_is_unknown(changes: dict[str, Any]) -> None:
    read = ResultRow.from_json(old(**changes))
    assert read.measurement.pruned is None and read.measurement.zeros_free_ratio is None
    assert read.measurement.nominal_ratio == 8.0
    shown = flat(read)
    assert shown["zeros-free ratio"] is None and shown["pruned (%)"] is None


def test_a_pruned_layer_of_one_bit_was_counted_wrong() -> None:
    read = ResultRow.from_json(old(bits=1, k=0.5)).measurement
    assert read.average_bits is None and read.nominal_ratio is None
    assert ResultRow.from_json(old(bits=1)).measurement.average_bits == 4.0


def test_rows_of_this_engine_are_taken_as_they_are() -> None:
    now = row("now", k=0.5, bits=1, pruned=0.3, zeros_free_ratio=11.0)
    assert ResultRow.from_json(now.to_json()) == now


def test_reading_and_writing_an_old_row_changes_it_once() -> None:
    once = ResultRow.from_json(old(k=0.5, bits=1))
    assert ResultRow.from_json(once.to_json()) == once


def test_no_shipped_row_has_a_zeros_free_ratio_that_rounding_made() -> None:
    for line in SHIPPED.read_text().splitlines():
        content = json.loads(line)
        read = ResultRow.from_json(content)
        one = read.measurement
        pruned = any(layer["prune_k"] for layer in content["settings"]["layers"].values())
        if (
            not pruned
            and one.zeros_free_ratio is not None
            and not content["model"]["recipe"].get("start")
        ):
            assert one.zeros_free_ratio == one.nominal_ratio
        if one.engine == 1 and pruned:
            assert one.zeros_free_ratio is None


def test_the_newest_engine_s_row_counts(home: Home) -> None:
    now = row("old", k=0.5)
    before = ResultRow.from_json(old(k=0.5))
    assert now.id == before.id
    for first, second in ((now.to_json(), old(k=0.5)), (old(k=0.5), now.to_json())):
        write_json(home.results / "a.json", first)
        write_json(home.results / "b.json", second)
        (read,) = table.own_rows(home)
        assert read.measurement.engine == 2
        assert [one.measurement.engine for one in table.all_rows(home)] == [2]
