"""A home of several users: who may only look sees all that he may, and makes nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import NOBODY, read_only, root_only, run, tree
from stores import COMMANDS, STORES, first, job
from world import World

from lcc_core.files import Home

pytestmark = pytest.mark.usefixtures("shipped_nothing")


def test_a_home_that_is_read_only_can_be_looked_at(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = world.copy(tmp_path / "home")
    job(home)
    before = tree(home.root)
    with read_only(home):
        for words_ in COMMANDS:
            ended = run(*words_, home=home)
            assert ended.code == 0 and not ended.err, ended.err
        for words_ in (("study", "show", "small"), ("importance", world.checkpoint)):
            assert run(*words_, home=home).code == 0
        out = tmp_path / "report.html"
        assert run("study", "export", "small", "--out", out, home=home).code == 0
        # What computes tells it, and keeps nothing; what is to be kept is refused before the work.
        ended = run("compress", world.checkpoint, "--bits", "5", "--out", tmp_path / "x", home=home)
        assert ended.code == 0 and ended.err.count("read-only") == 1
        for name, words_ in world.commands(tmp_path).items():
            if name not in ("compress", "results"):
                ended = run(*words_, home=home)
                assert ended.code == 2 and "read-only" in ended.err, (name, ended.err)
                assert len(ended.err.splitlines()) == 1
    assert tree(home.root) == before


def test_a_home_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "none")
    for words_ in COMMANDS:
        assert run(*words_, home=home).code == 0
    assert not home.root.exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where all users may look; the tests' own folders are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@root_only
def test_another_user_reads_what_the_umask_lets_him(
    world: World, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it does not is not called damaged."""
    monkeypatch.setenv("LCC_STUDIES", str(open_folder / "studies"))
    home = world.copy(open_folder / "home")
    for words_ in COMMANDS:
        run(*words_, home=home)

    def other() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    shared = run("results", "--json", home=home)
    assert shared.out == run("results", "--json", home=home, first=other).out
    for words_ in COMMANDS:
        ended = run(*words_, home=home, first=other)
        assert ended.code == 0 and not ended.err, ended.err
    ended = run("data", "import", "x", world.source, home=home, first=other)
    assert ended.code == 2 and "read-only for you" in ended.err
    closed = [where(home) for where, _ in STORES.values()]
    for path in closed:
        path.chmod(0o600)
    for words_ in COMMANDS:
        ended = run(*words_, home=home, first=other)
        assert ended.code == 0 and "permission denied" in ended.err, (words_, ended)
        assert "damaged" not in ended.err and "Traceback" not in ended.err
    for words_ in (("data", "info", "mine"), ("importance", world.checkpoint)):
        ended = run(*words_, home=home, first=other)
        assert ended.code == 2 and "damaged" not in ended.err
    for path in closed:
        path.chmod(0o644)
    for folder in (home.results, first(home, "checkpoints/*"), first(home, "tiles/*")):
        folder.chmod(0o700)
    for words_ in (("results",), ("checkpoints",), ("data", "list")):
        ended = run(*words_, home=home, first=other)
        assert ended.code == 0 and "permission denied" in ended.err, (words_, ended)
