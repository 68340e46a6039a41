"""The own quantizer against the papers', at equal bytes and at equal T₀.

    python tests/benchmarks/quantizers.py CHECKPOINT [--home DIR] [--tiles N] [--out FILE]

Both quantizers make a front of packed files: fixed bits 1 to 8, and adaptive bits (``laq``) at
several T₀ with fixed and adaptive margin, chosen on validation tiles. Which points stand on a front
is decided by validation accuracy; test accuracy is told. Between its points a front is read off by
straight lines over the logarithm of the bytes, and only where both fronts have points on both
sides. What was searched or measured before is found again; the file is written after every point.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from attention import machine

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.presets import OWN, PAPERS, preset
from lcc_core.compression.search import SearchSettings
from lcc_core.compression.uniform import uniform_plan
from lcc_core.files import Home, write_json
from lcc_core.measure.paired import compare_pair
from lcc_core.results.measured import measure_plan
from lcc_core.results.predicted import predictions
from lcc_core.results.searched import Selection, search_plan
from lcc_core.workspace import Workspace

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "quantizers.json"
QUANTIZERS = {name: preset(name).how for name in (OWN, PAPERS)}
BITS = (8, 7, 6, 5, 4, 3, 2, 1)
MARGINS = (0.25, 0.5, 1.0)
KINDS = ("fixed", "adaptive")


@dataclass
class Bench:
    """A checkpoint with its tiles; searches choose on ``sample`` validation tiles (0: all)."""

    workspace: Workspace
    checkpoint: Checkpoint
    sample: int

    @property
    def what(self) -> tuple[Workspace, Checkpoint]:
        return self.workspace, self.checkpoint

    def points(self) -> Iterator[dict[str, Any]]:
        """The quantizers in turn, so that what is there can be compared."""
        model = self.checkpoint.model()
        for margin, kind in product(MARGINS, KINDS):
            for name, how in QUANTIZERS.items():
                settings = SearchSettings.of("laq", **how, t_margin=margin, margin=kind)
                found = search_plan(*self.what, settings, Selection(tiles=self.sample))
                about = {"method": "laq", "t_margin": margin, "margin": kind}
                yield self.point(name, found.plan, about)
        for bits in BITS:
            for name, how in QUANTIZERS.items():
                plan = uniform_plan(model, bits, 0.0, **how)
                yield self.point(name, plan, {"method": "fixed", "bits": bits})

    def point(self, name: str, plan: Plan, about: dict[str, Any]) -> dict[str, Any]:
        figures = {}
        for part in ("validation", "test"):
            row = measure_plan(*self.what, plan, part)
            figures |= {f"{part}_oa": row.oa, f"{part}_tiles": row.tiles}
        seen = predictions(*self.what, plan)
        return {
            "quantizer": name, **about, **figures, "bytes": row.bytes,
            "average_bits": row.average_bits, "real_ratio": row.real_ratio, "plan": plan.id,
            "answers": seen.answers,
        }  # fmt: skip


def front(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By rising bytes, those that no smaller file beats on the validation tiles."""
    kept: list[dict[str, Any]] = []
    for point in sorted(points, key=lambda one: (one["bytes"], -one["validation_oa"])):
        if not kept or point["validation_oa"] > kept[-1]["validation_oa"]:
            kept.append(point)
    return kept


def read_off(line: list[dict[str, Any]], size: float) -> float | None:
    """Test accuracy of a front at ``size`` bytes; ``None`` beyond its ends."""
    for left, right in pairwise(line):
        if left["bytes"] <= size <= right["bytes"]:
            part = math.log(size / left["bytes"]) / math.log(right["bytes"] / left["bytes"])
            return left["test_oa"] + part * (right["test_oa"] - left["test_oa"])
    return None


def at_equal_bytes(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Both fronts at the size of each point of either, where both are known."""
    lines = {name: front([p for p in points if p["quantizer"] == name]) for name in QUANTIZERS}
    rows = []
    for size in sorted({point["bytes"] for line in lines.values() for point in line}):
        found = {name: read_off(line, size) for name, line in lines.items()}
        if found[OWN] is not None and found[PAPERS] is not None:
            row = {"bytes": size, "own_test_oa": found[OWN], "papers_test_oa": found[PAPERS]}
            rows.append(row | {"own_minus_papers": found[OWN] - found[PAPERS]})
    return rows


def at_equal_margin(points: list[dict[str, Any]], bench: Bench) -> list[dict[str, Any]]:
    """Pairs of searches with one T₀: what each leaves, in how many bytes, and whether the
    difference on the test tiles is more than chance (McNemar)."""
    truth = bench.tiles.labels[bench.split.test]
    rows = []
    for margin, kind in product(MARGINS, KINDS):
        pair = {
            p["quantizer"]: p
            for p in points
            if (p.get("t_margin"), p.get("margin")) == (margin, kind)
        }
        if pair.keys() != QUANTIZERS.keys():
            continue
        test = compare_pair(truth, pair[PAPERS]["answers"], pair[OWN]["answers"])
        row: dict[str, Any] = {"t_margin": margin, "margin": kind}
        for name, point in pair.items():
            row |= {f"{name}_test_oa": point["test_oa"], f"{name}_bytes": point["bytes"]}
        rows.append(
            row | {"own_minus_papers": test.difference, "interval": test.interval, "p": test.p}
        )
    return rows


def content(points: list[dict[str, Any]], bench: Bench) -> dict[str, Any]:
    made = bench.checkpoint
    return {
        "what": "the own quantizer against the papers'",
        "checkpoint": {
            "id": made.id, "arch": made.arch, "data": made.data, "epochs": len(made.log),
            "seed": made.recipe["seed"], "split": made.split, "bytes": made.bytes,
            "test_oa": made.accuracy["test"]["oa"],
        },
        "settings": {"search_tiles": bench.sample, "bits": BITS, "t_margins": MARGINS},
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "at_equal_bytes": at_equal_bytes(points),
        "at_equal_margin": at_equal_margin(points, bench),
        "points": [{k: v for k, v in one.items() if k != "answers"} for one in points],
    }  # fmt: skip


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("--home", default=os.environ.get("LCC_HOME", ""))
    parser.add_argument("--tiles", type=int, default=0, metavar="N", help="search on N (0: all)")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args(argv)
    home = Home.find(chosen.home)
    workspace = Workspace(home)
    checkpoint = workspace.checkpoint(chosen.checkpoint)
    bench = Bench(workspace, checkpoint, chosen.tiles)
    found: list[dict[str, Any]] = []
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    for point in bench.points():
        found.append(point)
        write_json(chosen.out, content(found, bench))
        about = {k: point.get(k) for k in ("quantizer", "method", "bits", "t_margin", "margin")}
        print(about, point["bytes"], f"{point['test_oa']:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
