"""A full disk: one line, exit code 2, nothing left behind; the same command works later."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest
from commands import Ended, root_only, run, small_disk, tree
from world import World

from lcc_core import jobs
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.studies.leftovers import leftovers
from lcc_core.tasks.data import DownloadTask

pytestmark = pytest.mark.usefixtures("shipped_nothing")
COMMANDS = (
    "import", "train", "prune", "import-model", "coreset", "search", "compress", "study", "results",
)  # fmt: skip
# What a training goes on from, and a study's own list, are no leftovers.
# Every size takes minutes: LCC_DISK=full.
FULL = os.environ.get("LCC_DISK") == "full"
ROOM = (0, 64, 512, 8192)
LIMITS = (100, 40_000, 10**8)
if FULL:
    ROOM = (0, 4, 8, 12, 20, 32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 4096, 8192)
    LIMITS = (0, 100, 1000, 3000, 10_000, 40_000, 200_000, 1_000_000, 10**8)
KEPT = ("resume.pt", "study.toml", "data.json", "errors")


def files(world: World) -> list[Path]:
    return [path for path in world.home.root.rglob("*") if path.is_file()]


def in_one_line(ended: Ended) -> None:
    assert ended.code == 2, (ended.code, ended.err)
    # Reports of its work may stand before it.
    lines = [line for line in ended.err.splitlines() if line.startswith("lcc: ")]
    assert len(lines) == 1 and ended.err.splitlines()[-1] == lines[0], ended.err
    assert "traceback" not in ended.err.lower()
    told = ("no space left", "file too large", "has 0 B free")
    assert any(words in lines[0] for words in told), lines


def nothing_left(home: Home, before: set[str]) -> None:
    assert not leftovers(home)
    new = tree(home.root) - before
    files = {name for name in new if (home.root / name).is_file()}
    half = {
        name
        for name in files
        if name.split("/")[0] in ("tiles", "checkpoints")
        and Path(name).name not in KEPT
        and not (home.root / name).with_name("checkpoint.json").exists()
        and not (home.root / name).with_name("meta.json").exists()
    }
    assert not half
    assert not {name for name in new if Path(name).name.startswith(".")}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_file_may_grow(world: World, tmp_path: Path, name: str) -> None:
    """By the limit that any user can set himself."""
    home, out = world.copy(tmp_path / "home"), tmp_path / "out"
    out.mkdir()
    before = tree(home.root)
    words = world.commands(out)[name]
    ended = Ended(2, "", "", 0)
    failed = 0
    for size in LIMITS:
        ended = run(*words, home=home, first=partial(setrlimit, RLIMIT_FSIZE, (size, size)))
        if ended.code == 0:
            break
        failed += 1
        in_one_line(ended)
        nothing_left(home, before)
        assert not list(out.iterdir())
    assert ended.code == 0 and failed


@root_only
@pytest.mark.parametrize("name", [*COMMANDS, "demo"])
def test_a_full_disk(world: World, tmp_path: Path, name: str) -> None:
    """A real one, of every size from too small to large enough."""
    demo = name == "demo"
    words = ("data", "download", "demo") if demo else ()
    failed = 0
    # Besides what is there before: kilobytes.
    there = 0 if demo else sum(-(-path.stat().st_size // 4096) * 4 for path in files(world))
    sizes = (4, 8000, 60_000) if demo else [there + more for more in ROOM]
    for size in sizes:
        with small_disk(tmp_path / "disk", size) as disk:
            home = Home.find(disk / "home") if demo else world.copy(disk / "home")
            out = disk / "out"
            out.mkdir()
            words = words if demo else world.commands(out)[name]
            before = tree(home.root)
            ended = run(*words, home=home)
            if ended.code == 0:
                break
            failed += 1
            in_one_line(ended)
            nothing_left(home, before)
            assert not list(out.iterdir())
    assert ended.code == 0 and failed


@root_only
def test_a_job_has_no_room_to_start(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        home = Home(disk / "home")
        home.jobs.mkdir(parents=True)
        with contextlib.suppress(OSError):
            (disk / "full").write_bytes(bytes(1 << 20))
        with pytest.raises(LccError, match=r"could not be started: no space left.*Free some disk"):
            jobs.start(home, DownloadTask(name="demo"))
        assert {path.name for path in home.jobs.iterdir()} <= {"queue.lock"}


@root_only
def test_a_job_has_no_room_for_its_result(tmp_path: Path) -> None:
    """It is not said to have been killed."""
    with small_disk(tmp_path / "disk", 256) as disk:
        home = Home(disk / "home")
        home.jobs.mkdir(parents=True)
        job = jobs.start(home, DownloadTask(name="demo"))
        with contextlib.suppress(OSError):
            (disk / "full").write_bytes(bytes(1 << 20))
        ended = jobs.wait(home, job.id, 120)
        assert ended.state == jobs.FAILED and "The disk was full" in ended.error
