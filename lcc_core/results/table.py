"""The results table: every measurement with the model and the plan it is of.

A row is a file of its own, found by what made it: many processes may write at once, and a killed
one leaves no half row. Rows that ship with the project are lines of ``cache/studies/*.jsonl``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from lcc_core.checkpoints.store import IMPORTED, Checkpoint, variant
from lcc_core.compression.plan import Plan
from lcc_core.compression.presets import PAPERS, preset
from lcc_core.data.splits import PROTOCOLS, split_name
from lcc_core.files import Home, canonical_json, content_id, write_bytes, write_json
from lcc_core.measure.measurement import Measurement
from lcc_core.results.rowcheck import check_measurement, check_model
from lcc_core.unreadable import ODD, Found, Unreadable, listed, parse_json, read_json, reason

SUM = "sha256"  # of all else in the row's file
# What a row remembers of its checkpoint: enough to read it without.
MODEL = ("id", "recipe", "spec", "split", "accuracy", "created", "seconds")


def shipped_folder() -> Path:
    """Where results lie that ship with the project: ``$LCC_STUDIES``, else ``cache/studies``."""
    project = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("LCC_STUDIES") or project / "cache" / "studies")


@dataclass(frozen=True)
class ResultRow:
    """``model``: facts of the checkpoint; ``settings``: the plan; ``shipped``: with the project."""

    measurement: Measurement
    model: dict[str, Any]
    settings: dict[str, Any]
    shipped: bool = False

    @property
    def id(self) -> str:
        """The same for the same model, plan, part and precision."""
        row = self.measurement
        return "-".join((row.checkpoint, row.plan, row.part, row.precision))

    @property
    def same(self) -> tuple[str, ...]:
        """Equal for rows whose plans do the same to the same model."""
        row = self.measurement
        return row.checkpoint, self.plan.id, row.part, row.precision

    @property
    def short(self) -> str:
        """A few characters for people to tell rows apart by."""
        return content_id(self.id, 5)

    @property
    def arch(self) -> str:
        return self.model["spec"]["arch"]

    @property
    def variant(self) -> str:
        """What was done to the model beyond plain training."""
        return variant(self.model["recipe"], self.model["spec"])

    @property
    def coreset(self) -> dict[str, Any] | None:
        return self.model["split"].get("coreset")

    @property
    def fraction(self) -> float:
        return self.coreset["fraction"] if self.coreset else 1.0

    @property
    def tested_on(self) -> tuple[Any, ...]:
        """The same for rows of the same tiles: part of a set, as its split has drawn it."""
        protocol, seed, share = split_name(self.model["split"])
        row = self.measurement
        # Protocols draw the test part first: those of one share have one test part.
        drawn = PROTOCOLS.get(protocol, (protocol,))[-1:]
        drawn = drawn if row.part == "test" else (protocol, share)
        return row.fingerprint, row.part, seed, *drawn

    @property
    def test_set(self) -> str:
        """``tested_on`` in words: ``5,400 test tiles (20 % of eurosat, seed 0)``."""
        *_, seed, drawn = self.tested_on
        row = self.measurement
        drawn = f"{100 * drawn:g} %" if isinstance(drawn, float) else drawn
        return f"{row.tiles:,} {row.part} tiles ({drawn} of {row.data}, seed {seed})"

    @property
    def chosen_on(self) -> str:
        """The part on which a search chose its settings; empty where none was searched."""
        return self.plan.chosen_on

    @cached_property
    def plan(self) -> Plan:
        return Plan.from_json(self.settings)

    @property
    def method(self) -> str:
        """How the plan was made, as far as rows differ by it: ``fixed``, ``laq``, …"""
        method = self.measurement.method
        if self.plan.is_float:
            return "float"
        return f"{method} (papers')" if preset(PAPERS).made(self.plan) else method

    def to_json(self) -> dict[str, Any]:
        return self.measurement.to_json() | {"model": self.model, "settings": self.settings}

    @classmethod
    def from_json(cls, content: dict[str, Any], shipped: bool = False) -> ResultRow:
        content = content if content.get("engine", 1) > 1 else _of_first_engine(content)
        return cls(Measurement.from_json(content), content["model"], content["settings"], shipped)


def _of_first_engine(content: dict[str, Any]) -> dict[str, Any]:
    """What the first engine counted otherwise becomes unknown, or right where it can be known.

    It took every zero for a pruned weight, and a pruned layer of one bit for one of two values.
    """
    recipe, layers = content["model"]["recipe"], content["settings"]["layers"].values()
    dense = not (recipe.get("start") or recipe.get("preset") == IMPORTED)
    unpruned = dense and not any(one["prune_k"] for one in layers)
    fixed = {
        "pruned": 0.0 if unpruned else None,
        "zeros_free_ratio": content["nominal_ratio"] if unpruned else None,
    }
    if any(one["prune_k"] and one["bits"] == 1 for one in layers):
        fixed |= {"average_bits": None, "nominal_ratio": None}
    return content | fixed


def make_row(row: Measurement, checkpoint: Checkpoint, plan: Plan) -> ResultRow:
    facts = checkpoint.facts()
    return ResultRow(row, {name: facts[name] for name in MODEL}, plan.to_json())


def write_row(path: Path, row: ResultRow) -> None:
    content = row.to_json()
    write_json(path, content | {SUM: content_id(content, 64)})


def read_row(path: Path) -> ResultRow | None:
    """The row, or ``None`` for a file that is missing or cannot be read."""
    found = look_at(path)
    return found if isinstance(found, ResultRow) else None


def look_at(path: Path) -> ResultRow | Unreadable:
    """The row, or why it cannot be read."""
    try:
        facts = path.stat()
        # The change of its permissions changes this time too.
        return _read(path, facts.st_ctime_ns, facts.st_size)
    except ODD as error:
        return Unreadable.of(path, error)


@lru_cache(maxsize=20_000)
def _read(path: Path, _changed: int, _size: int) -> ResultRow | Unreadable:
    content = read_json(path)  # what cannot be opened now may be later: errors are not kept
    try:
        return _parse(content, False)
    except ODD as error:
        return Unreadable.of(path, error)


def _parse(content: Any, shipped: bool) -> ResultRow:
    """Raises one of ``ODD`` for what is no row."""
    if not isinstance(content, dict):
        raise ValueError("it is no row")
    # Rows from before there were sums have none.
    if (known := content.pop(SUM, None)) and content_id(content, 64) != known:
        raise ValueError("its checksum does not fit")
    row = ResultRow.from_json(content, shipped)
    check_row(row)
    return row


def own_rows(home: Home) -> Found[ResultRow]:
    """What was measured on this machine, each once, and the files that cannot be read."""
    paths = listed(home.results, "*.json")
    found = [look_at(path) for path in paths]
    return Found(
        _newest(row for row in found if isinstance(row, ResultRow)),
        (*paths.unreadable, *(one for one in found if isinstance(one, Unreadable))),
    )


def shipped_rows() -> Found[ResultRow]:
    """What ships with the project, and the lines that cannot be read."""
    paths = listed(shipped_folder(), "*.jsonl")
    rows, bad = [], list(paths.unreadable)
    for path in paths:
        try:
            found = _shipped(path, path.stat().st_ctime_ns)
        except ODD as error:
            bad.append(Unreadable.of(path, error))
        else:
            rows += found
            bad += found.unreadable
    return Found(rows, bad)


@lru_cache(maxsize=16)
def _shipped(path: Path, _changed: int) -> Found[ResultRow]:
    rows, bad = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            rows.append(_parse(parse_json(line), True))
        except ODD as error:
            bad.append(Unreadable(path, f"line {number}: {reason(error)}"))
    return Found(rows, bad)


def all_rows(home: Home) -> Found[ResultRow]:
    """Own and shipped ones, each once; the own one where both are there."""
    shipped, own = shipped_rows(), own_rows(home)
    return Found(_newest((*shipped, *own)), (*own.unreadable, *shipped.unreadable))


def _newest(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """Of rows that do the same that of the newest engine; of those the last, own after shipped."""
    found: dict[tuple[str, ...], ResultRow] = {}
    for row in rows:
        other = found.get(row.same)
        if other is None or row.measurement.engine >= other.measurement.engine:
            found[row.same] = row
    return list(found.values())


def check_row(row: ResultRow) -> None:
    """Raise one of ``ODD`` for a row that some reader of rows would trip over."""
    check_measurement(row.measurement)
    check_model(row.model)
    if len(row.measurement.confusion) != len(row.model["spec"]["class_names"]):
        raise ValueError("its classes do not fit its confusion matrix")
    row.plan.id  # noqa: B018  a plan that does not read is a damaged row
    hash(row.tested_on)
    flat(row)


def flat(row: ResultRow) -> dict[str, Any]:
    """The row as a table shows and exports it, units in the names."""
    one, recipe = row.measurement, row.model["recipe"]
    coreset = row.coreset or {}
    return {
        "architecture": row.arch,
        "variant": row.variant,
        "method": row.method,
        "chosen on": row.chosen_on,
        "accuracy (%)": round(100 * one.oa, 2),
        "95 % from": round(100 * one.interval[0], 2),
        "95 % to": round(100 * one.interval[1], 2),
        "κ": round(one.kappa, 4),
        "validation (%)": _rounded(one.validation_oa, 2, 100),
        "validation tiles": one.validation_tiles or None,
        "file (B)": one.bytes,
        "real ratio": round(one.real_ratio, 2),
        "nominal ratio": _rounded(one.nominal_ratio, 2),
        "zeros-free ratio": _rounded(one.zeros_free_ratio, 2),
        "average bits": _rounded(one.average_bits, 3),
        "zeros (%)": round(100 * one.sparsity, 2),
        "pruned (%)": _rounded(one.pruned, 2, 100),
        "MACs (M)": round(one.macs / 1e6, 2),
        "latency (ms)": one.latency_ms and round(one.latency_ms, 2),
        "recalibrated on": one.recalibrated,
        "trained on (%)": 100 * row.fraction,
        "coreset": coreset.get("method", ""),
        "epochs": recipe["epochs"],
        "seed": recipe["seed"],
        "test tiles": one.tiles,
        "tested on": row.test_set,
        "data": one.data,
        "synthetic": one.synthetic,
        "measured": one.measured[:10],
        "where": "ships with the project" if row.shipped else "this machine",
        "checkpoint": one.checkpoint,
        "plan": one.plan,
    }


def _rounded(value: float | None, places: int, times: float = 1) -> float | None:
    return None if value is None else round(times * value, places)


def write_shipped(path: Path, rows: Iterable[ResultRow]) -> None:
    """A line a row, in a lasting order."""
    lines = sorted(canonical_json(row.to_json()) for row in rows)
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
