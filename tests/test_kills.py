"""``kill -9`` at random instants: what comes next works, gives the same, and nothing is left over.

``LCC_KILLS`` (1) commands of each kind are killed; `make test-all` kills 20.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from commands import run, tree
from world import World

from lcc_core.files import Home
from lcc_core.studies.leftovers import leftovers
from lcc_core.temporary import marked

pytestmark = pytest.mark.usefixtures("shipped_nothing")
KILLS = int(os.environ.get("LCC_KILLS", "1"))
COMMANDS = ("import", "train", "prune", "coreset", "search", "compress", "study")
TIMES = {
    "seconds", "created", "measured", "recalibration_s", "imported", "found", "made",
    "train_s", "scoring_s",
    "steps", "log", "out", "path",
}  # fmt: skip
Undisturbed = tuple[Any, set[str], float]


def timed(name: str) -> bool:
    return name in TIMES or name.startswith("latency")


def lasting(content: Any) -> Any:
    """All of an answer but times and places."""
    if isinstance(content, dict):
        return {name: lasting(one) for name, one in content.items() if not timed(name)}
    if isinstance(content, list):
        return [lasting(one) for one in content]
    return content


_undisturbed: dict[str, Undisturbed] = {}


def undisturbed(world: World, folder: Path, name: str) -> Undisturbed:
    """Its answer, the files there are then, and the seconds it took."""
    if name not in _undisturbed:
        home, out = world.copy(folder / "undisturbed"), folder / "undisturbed out"
        out.mkdir()
        ended = run(*world.commands(out)[name], "--json", home=home)
        assert ended.code == 0, ended.err
        _undisturbed[name] = lasting(json.loads(ended.out)), names(home), ended.seconds
    return _undisturbed[name]


def names(home: Home) -> set[str]:
    """A row or plan of a checkpoint that was trained later is called otherwise."""
    dated = ("results/", "searches/", "steps/", "predictions/")
    kinds = [name.split("/")[0] if name.startswith(dated) else name for name in tree(home.root)]
    return {f"{name} {kinds.count(name)}" for name in kinds}


@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("name", COMMANDS)
def test_the_next_command_works(world: World, tmp_path: Path, name: str, seed: int) -> None:
    expected, files, seconds = undisturbed(world, tmp_path, name)
    home, out = world.copy(tmp_path / "home"), tmp_path / "out"
    out.mkdir()
    words = world.commands(out)[name]
    at = random.Random(f"{name} {seed}").uniform(0, 1.05 * seconds)
    run(*words, "--json", home=home, kill_after=at)
    listed = run("results", "--json", home=home)
    assert listed.code == 0 and not json.loads(listed.out)["unreadable"]
    again = run(*words, "--json", home=home)
    assert again.code == 0, again.err
    assert lasting(json.loads(again.out)) == expected
    assert names(home) == files
    assert not leftovers(home) and not list(marked([out]))
    assert {path.name for path in out.iterdir()} <= {"x.lcc"}


def test_cache_info_counts_what_the_next_command_sweeps(world: World, tmp_path: Path) -> None:
    home = world.copy(tmp_path / "home")
    child = os.fork()
    if child == 0:
        from lcc_core.temporary import temporary_folder

        with temporary_folder(home.tiles, "big") as folder:
            (folder / "images.npy").write_bytes(bytes(123_456))
            os._exit(0)
    os.waitpid(child, 0)
    info = json.loads(run("cache", "info", "--json", home=home).out)
    assert (info["left"], info["left_bytes"]) == (1, 123_456)
    assert "123 kB in 1 files" in run("cache", "info", home=home).out
    assert len(list(marked([home.tiles]))) == 1  # looking sweeps nothing
    assert run("coreset", world.checkpoint, "--fraction", "0.5", home=home).code == 0
    assert not list(marked([home.tiles]))
    assert json.loads(run("cache", "info", "--json", home=home).out)["left"] == 0
