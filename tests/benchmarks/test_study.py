"""A study against the same points one by one through ``lcc compress`` and ``lcc measure``.

On the home's EuroSAT (``LCC_HOME``) with the compact network that is there, else on the demo tiles.
``LCC_POINTS`` (200) points; one by one a sample of ``LCC_SAMPLE`` (8) is run, and its mean taken
for all. Rows of earlier runs would be found again, so they are kept apart: the study works in a
home of its own with the tiles and the checkpoint linked into it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import pytest

from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.studies.runner import Options, run_study
from lcc_core.studies.spec import Study
from lcc_core.training import make_recipe, train

PROJECT = Path(__file__).parents[2]
POINTS, SAMPLE = (int(os.environ.get(f"LCC_{n}", d)) for n, d in (("POINTS", 200), ("SAMPLE", 8)))
JOBS = min(2, os.cpu_count() or 1)
GOAL, REPEAT_S = 4.0, 5.0


def plain(one: Checkpoint) -> bool:
    """A training that a study's table can ask for."""
    return (
        one.arch == "compact"
        and one.split == {"protocol": "64/16/20", "seed": 0}
        and one.recipe["seed"] == 0
        and not one.how
    )


@pytest.fixture(scope="module")
def source() -> tuple[Home, Checkpoint]:
    home = Home.find()
    found = [one for one in list_checkpoints(home) if plain(one)]
    found.sort(key=lambda one: (one.data != "eurosat", -one.recipe["epochs"]))
    if found and found[0].data == "eurosat":
        return home, found[0]
    tiles = load_tiles("demo", home)
    return home, train(make_recipe("compact", epochs=12), tiles, make_split(tiles), home)


def apart(source: tuple[Home, Checkpoint], root: Path) -> Home:
    """A home with these tiles and this checkpoint, and nothing else."""
    home = Home.find(root)
    (home.tiles / source[1].data).symlink_to(source[0].tiles / source[1].data)
    (home.checkpoints / source[1].id).symlink_to(source[1].path)
    return home


def grid(checkpoint: Checkpoint, points: int) -> Study:
    """Bits × k; the recipe is spelt out, so that the study finds the checkpoint."""
    own = make_recipe("compact").to_json()
    recipe = {k: v for k, v in checkpoint.recipe.items() if own.get(k) != v or k == "epochs"}
    recipe |= {"batch": checkpoint.recipe["batch"], "rate": checkpoint.recipe["rate"]}
    bits = (8, 7, 6, 5, 4, 3, 2, 1)
    k = tuple(round(2 * i / (points // 8), 4) for i in range(points // 8))
    return Study((checkpoint.data,), name="bench", bits=bits, k=k, recipe=recipe)


def lcc(home: Home, *words: object) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "lcc_core.cli", *map(str, words), "--home", str(home.root)]
    env = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    subprocess.run(command, env=env, check=True, capture_output=True)
    return time.perf_counter() - began


def test_study(source: tuple[Home, Checkpoint], tmp_path: Path) -> None:
    checkpoint = source[1]
    study = grid(checkpoint, POINTS)
    home = apart(source, tmp_path / "study")
    toml = tmp_path / "bench.toml"
    toml.write_text(study.to_toml())
    whole = lcc(home, "study", "run", toml, "--jobs", JOBS)
    assert [one.id for one in list_checkpoints(home)] == [checkpoint.id]  # nothing was trained
    repeat = lcc(home, "study", "run", toml, "--jobs", JOBS)
    inside = run_study(study, home)
    assert inside.found == inside.points
    busy = [
        record["seconds"]
        for path in (home.root / "steps").glob("*.json")
        if (record := json.loads(path.read_text()))["kind"] == "measure"
    ]

    single = apart(source, tmp_path / "single")
    pairs = [(bits, k) for bits in study["bits"] for k in study["k"]]
    times = []
    for bits, k in pairs[:: max(1, len(pairs) // SAMPLE)][:SAMPLE]:
        out = tmp_path / "one.lcc"
        seconds = lcc(single, "compress", checkpoint.id, "--bits", bits, "--k", k, "--out", out)
        times.append(seconds + lcc(single, "measure", out))
    one_by_one = mean(times) * len(pairs)
    overhead = (whole * JOBS - sum(busy)) / len(pairs)
    print(
        f"\nstudy of {len(pairs)} points on {checkpoint.data}, {JOBS} jobs: {whole:.1f} s; one by "
        f"one {one_by_one:.0f} s ({mean(times):.2f} s a point, {len(times)} of them run), "
        f"{one_by_one / whole:.1f}×. Repeated: {repeat:.2f} s, {inside.seconds:.2f} s of them "
        f"inside. A point's work {mean(busy):.2f} s, all else {overhead:.2f} processor seconds."
    )
    assert one_by_one / whole >= GOAL
    assert repeat < REPEAT_S


@pytest.mark.parametrize("points", [48, 200, 800])
def test_bookkeeping_grows_with_the_points_alone(
    tmp_path: Path, points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a study costs beyond its points' work: with work that takes no time."""
    from lcc_core.studies import steps

    monkeypatch.setitem(steps.DOING, "train", lambda *_: ("none", [], {}))
    monkeypatch.setitem(steps.DOING, "measure", lambda *_: ("none", [], {}))
    home = Home.find(tmp_path)
    load_tiles("demo", home)
    ks = tuple(round(2 * i / (points // 8), 4) for i in range(points // 8))
    study = Study(("demo",), bits=(8, 7, 6, 5, 4, 3, 2, 1), k=ks)
    began = time.perf_counter()
    assert run_study(study, home, Options()).made == points
    first = time.perf_counter() - began
    again = run_study(study, home)
    assert again.found == points
    print(f"\n{points} points: {1000 * first / points:.2f} ms each, repeated {again.seconds:.2f} s")
    assert first / points < 0.05
