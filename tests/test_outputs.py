"""``--out`` of every command, and what a terminal, a pipe or a closed stream is shown."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from commands import root_only, run
from world import World

PROJECT = Path(__file__).parents[1]
pytestmark = pytest.mark.usefixtures("shipped_nothing")


def commands(world: World, out: Path) -> dict[str, tuple[object, ...]]:
    one = world.checkpoint
    return {
        "results": ("results", "--out", out),
        "compress": ("compress", one, "--out", out),
        "search": ("search", one, "--tiles", "8", "--out", out),
        "export": ("export", one, "--out", out),
        "study export": ("study", "export", "small", "--out", out),
    }


@pytest.mark.parametrize("kind", ["folder", pytest.param("device", marks=root_only)])
@pytest.mark.parametrize("name", ["results", "compress", "search", "export", "study export"])
def test_what_is_no_file_stays(world: World, tmp_path: Path, name: str, kind: str) -> None:
    out = tmp_path / "it.csv"
    if kind == "folder":
        out.mkdir()
    else:
        os.mknod(out, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
    home = world.copy(tmp_path / "home")
    before = out.lstat()
    ended = run(*commands(world, out)[name], home=home)
    assert ended.code == 2 and f"is a {kind}, not a file" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert (out.lstat().st_ino, out.lstat().st_rdev) == (before.st_ino, before.st_rdev)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["it.csv"]


def test_text_goes_to_a_pipe_and_to_stdout(world: World, tmp_path: Path) -> None:
    pipe, file = tmp_path / "pipe.csv", tmp_path / "file.csv"
    os.mkfifo(pipe)
    assert run("results", "--out", file, home=world.home).code == 0
    for words in (("results",), ("study", "export", "small")):
        got: list[bytes] = []
        reader = threading.Thread(target=lambda got=got: got.append(pipe.read_bytes()), daemon=True)
        reader.start()
        assert run(*words, "--out", pipe, home=world.home).code == 0
        reader.join()
        assert got[0].count(b"\n") >= 2 and stat.S_ISFIFO(pipe.stat().st_mode)
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        ended = run("results", "--out", name, home=world.home)
        assert ended.out.encode() == file.read_bytes().replace(b"\r\n", b"\n") or (
            ended.out.encode() == file.read_bytes()
        )
        assert "arch" in ended.err  # the table, for people
    assert run("results", "--out", "/dev/null", home=world.home).code == 0
    assert run("results", "--json", "--out", "/dev/stdout", home=world.home).code == 2
    for words in (("compress", world.checkpoint, "--out"), ("export", world.checkpoint, "--out")):
        for name in ("/dev/stdout", pipe, "/dev/null"):
            assert run(*words, name, home=world.home).code == 2
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_results_through_a_link(world: World, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    for _ in range(2):  # dangling, then not
        assert run("results", "--out", link, home=world.home).code == 0
        assert link.is_symlink() and "architecture" in target.read_text()


def lcc(world: World, words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": paths, "LCC_HOME": str(world.home.root), **environment}
    command = f"{sys.executable} -m lcc_core.cli {words}"
    shell = ["bash", "-o", "pipefail", "-c", command]
    return subprocess.run(shell, capture_output=True, env=os.environ | own)


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "POSIX"}],
)
def test_what_cannot_be_shown_is_spelt_out(
    world: World,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    home = world.copy(tmp_path / "home")
    words = f"data import other {world.source} --home {home.root}"
    ended = lcc(world, words, **environment)
    assert ended.returncode == 0, ended.stderr
    assert b"48 tiles of 16" in ended.stdout and not ended.stderr
    for words in ("results", "data list", "--help", "study presets"):
        assert lcc(world, words, **environment).returncode == 0
    ended = lcc(world, "measure 'm\udcffé'", **environment)
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("results | true", 141),
        ("results --json | true", 141),
        ("results >&-", 0),
        ("results 2>&-", 0),
        ("nonsense 2>&-", 2),
        ("results > /dev/full", 2),
        ("results --json > /dev/full", 2),
    ],
)
def test_closed_and_full_streams(world: World, words: str, code: int) -> None:
    ended = lcc(world, words)
    assert ended.returncode in (code, 0) if code == 141 else ended.returncode == code
    assert b"Traceback" not in ended.stderr and b"Exception" not in ended.stderr
    assert len(ended.stderr.splitlines()) == (1 if "full" in words else 0)
