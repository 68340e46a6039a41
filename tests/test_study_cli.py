"""``lcc study`` and ``lcc cache`` as they are typed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lcc_core.cli import main
from lcc_core.data.catalog import import_tiles
from lcc_core.files import Home

PROJECT = Path(__file__).parents[1]
GRID = 'data = "mine"\nbits = [8, 4]\nk = [0, 0.5]\n[recipe]\nepochs = 1\nbatch = 16\n'


@pytest.fixture
def filled(home: Home, tile_folder: Path, tmp_path: Path) -> Path:
    """A study on the tiny set."""
    import_tiles("mine", tile_folder, home)
    path = tmp_path / "grid.toml"
    path.write_text(GRID)
    return path


@pytest.fixture
def lcc(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object, code: int = 0) -> dict[str, Any]:
        assert main(["--json", *map(str, words)]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_from_a_file_to_a_report(filled: Path, lcc: Any, tmp_path: Path) -> None:
    asked = lcc("study", "run", filled, "--dry-run")
    assert (asked["points"], asked["missing"], asked["steps"]) == (4, 4, {"train": 1, "measure": 4})
    assert asked["seconds"] > 0 and asked["rough"]
    done = lcc("study", "run", filled)
    assert (done["name"], done["made"], done["failed"]) == ("grid", 4, 0)
    assert lcc("study", "run", "grid")["found"] == 4  # by its name from now on
    again = lcc("study", "run", filled, "--dry-run")
    assert (again["missing"], again["seconds"], again["rough"]) == (0, 0, False)
    [standing] = lcc("study", "status")["studies"]
    assert (standing["state"], standing["done"], standing["points"]) == ("done", 4, 4)
    shown = lcc("study", "show", done["id"][:5])["rows"]
    front = lcc("study", "show", "grid", "--front")["rows"]
    assert len(shown) == 4 and 1 <= len(front) < 4 and all(row["front"] for row in front)
    assert "bits = [8, 4]" in lcc("study", "show", "grid", "--toml")["toml"]
    for ending in ("csv", "parquet", "html"):
        out = tmp_path / f"grid.{ending}"
        assert lcc("study", "export", "grid", "--out", out)["bytes"] == out.stat().st_size > 0
    assert len(lcc("results")["results"]) == 4  # rows like any other
    assert lcc("study", "forget", "grid")["forgotten"]
    assert lcc("study", "status")["studies"] == []
    assert lcc("study", "run", filled)["found"] == 4


def test_what_is_wrong_is_said(filled: Path, lcc: Any, tmp_path: Path) -> None:
    assert "does not exist" in lcc("study", "run", "none.toml", code=2)["error"]
    assert "no study 'none'" in lcc("study", "run", "none", code=2)["error"]
    assert "no study 'none'" in lcc("study", "export", "none", "--out", "x.csv", code=2)["error"]
    filled.write_text(GRID.replace("mine", "nowhere"))
    assert "not here yet" in lcc("study", "run", filled, code=2)["error"]
    filled.write_text(GRID.replace("bits", "bytes"))
    assert "no setting 'bytes'" in lcc("study", "run", filled, code=2)["error"]
    filled.write_text(GRID)
    assert "jobs=0" in lcc("study", "run", filled, "--jobs", 0, code=2)["error"]
    assert "backend='ray'" in lcc("study", "run", filled, "--backend", "ray", code=2)["error"]
    out = tmp_path / "grid.xlsx"
    assert "ends in" in lcc("study", "export", "grid", "--out", out, code=2)["error"]


def test_presets_are_listed_and_run_by_name(home: Home, lcc: Any) -> None:
    names = {one["name"]: one["points"] for one in lcc("study", "presets")["presets"]}
    assert {"coreset-compression", "adaptive-bits", "channel-pruning", "hyperspectral"} < set(names)
    asked = lcc("study", "run", "adaptive-bits", "--dry-run", "--jobs", 2)
    assert asked["points"] == names["adaptive-bits"]


def test_cache_commands(filled: Path, lcc: Any, home: Home) -> None:
    lcc("study", "run", filled)
    home.predictions.mkdir()
    (home.predictions / "old.npz").write_bytes(bytes(5000))
    found = lcc("cache", "info")
    assert found["total"] > found["free_able"] == 5000
    assert lcc("cache", "limit", "1kB")["entries"] == 1
    assert lcc("cache", "clear")["entries"] == 0
    assert "limit='a lot'" in lcc("cache", "limit", "a lot", code=2)["error"]
    assert lcc("study", "run", filled)["found"] == 4
    assert lcc("cache", "limit", "none")["limit"] == 0


def test_ctrl_c_keeps_what_was_finished(filled: Path, home: Home) -> None:
    filled.write_text(GRID.replace("epochs = 1", "epochs = 5000"))
    words = [sys.executable, "-m", "lcc_core.cli", "--json", "study", "run", str(filled)]
    child = subprocess.Popen(
        words, env=os.environ | {"PYTHONPATH": str(PROJECT)}, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr
    for line in child.stderr:
        if re.search(r"epoch ([3-9]|\d\d)", line):  # two are stored
            break
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 130 and json.loads(out)["code"] == 130
    assert not list((home.root / "claims").glob("*.json"))
    assert list(home.checkpoints.glob("*/resume.pt"))
