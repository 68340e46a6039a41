"""Where files get to: regular files alone, through links, with the umask, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import root_only
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core import files, temporary
from lcc_core.errors import LccError
from lcc_core.files import Home, write_bytes, write_json
from lcc_core.temporary import leftovers, replace_folder, sweep, temporary_file, temporary_folder


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def no_file(kind: str, path: Path) -> Path:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    else:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 7))  # as /dev/full
    return path


KINDS = ["folder", "pipe", "socket", pytest.param("device", marks=root_only)]


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "by a link"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, linked: bool
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = no_file(kind, Path("it"))
    before = path.lstat()
    if linked:
        Path("link").symlink_to(path)
        path = Path("link")
    with pytest.raises(LccError, match=f"is a {kind}, not a file"):
        write_bytes(path, b"x")
    now = Path("it").lstat()
    assert (now.st_ino, now.st_mode, now.st_rdev) == (before.st_ino, before.st_mode, before.st_rdev)
    assert {one.name for one in tmp_path.iterdir()} <= {"it", "link"}


def test_links_are_followed(tmp_path: Path) -> None:
    target, link, chain = tmp_path / "far" / "target", tmp_path / "link", tmp_path / "chain"
    target.parent.mkdir()
    link.symlink_to(Path("far") / "target")
    chain.symlink_to(link)
    for content, path in ((b"dangling", link), (b"through", link), (b"chain", chain)):
        write_bytes(path, content)
        assert target.read_bytes() == content
        assert link.is_symlink() and chain.is_symlink() and not target.is_symlink()
    chain.unlink()
    link.unlink()
    link.symlink_to(chain)
    chain.symlink_to(link)
    with pytest.raises(LccError, match="symbolic links"):
        write_bytes(chain, b"x")


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077])
def test_files_and_folders_follow_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        write_bytes(tmp_path / "new" / "deep" / "file", b"x")
        with temporary_folder(tmp_path, "set") as folder:
            assert mode(folder) == 0o777 & ~mask
    assert mode(tmp_path / "new" / "deep" / "file") == 0o666 & ~mask
    assert mode(tmp_path / "new") == mode(tmp_path / "new" / "deep") == 0o777 & ~mask


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("")
    path.chmod(0o640)
    write_bytes(path, b"more")
    assert mode(path) == 0o640


def test_long_names_in_any_script(tmp_path: Path) -> None:
    for name in ("x" * 250, "森" * 84, "🛰" * 63):
        write_bytes(tmp_path / name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"
    with pytest.raises(LccError, match="too long"):
        write_bytes(tmp_path / ("x" * 300), b"x")


@given(st.binary(max_size=3000), st.integers(0, 3000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_full_disk_leaves_what_was_there(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, room: int, before: bool
) -> None:
    folder = tmp_path_factory.mktemp("disk")
    path = folder / "deep" / "file"
    if before:
        write_bytes(path, b"old")
    left = [room]

    def write(descriptor: int, part: memoryview) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = min(left[0], len(part), 100)
        left[0] -= done
        return real(descriptor, part[:done])

    real = os.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "write", write)
        if len(content) <= room:
            write_bytes(path, content)
        else:
            with pytest.raises(LccError, match=r"no space left.*Free some disk space"):
                write_bytes(path, content)
    if len(content) <= room:
        assert path.read_bytes() == content
    elif before:
        assert path.read_bytes() == b"old"
    else:
        assert not list(folder.iterdir())  # nor the folder on the way
    assert not leftovers([folder / "deep"])


def test_looking_makes_nothing(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "not" / "yet")
    assert home.writable
    for path in (home.tiles, home.checkpoints, home.results, home.predictions, home.jobs):
        assert not path.exists()
    assert not list(tmp_path.iterdir())
    write_json(home.results / "row.json", {})
    assert home.results.is_dir()


def test_a_home_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file", "loop"):
        with pytest.raises(LccError, match="--home"):
            Home.find(tmp_path / name)


def dead(folder: Path, name: str) -> None:
    """As a process leaves it that is killed while it writes."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError), temporary_file(folder, name) as (_, descriptor):
            os.write(descriptor, b"half")
            os._exit(0)
    os.waitpid(child, 0)


def test_leftovers_of_the_dead_are_swept_and_of_the_living_are_not(tmp_path: Path) -> None:
    dead(tmp_path, "row.json")
    (tmp_path / ".hidden").write_text("the user's own")
    (tmp_path / "x.part").write_text("a download to go on with")
    with temporary_file(tmp_path, "a") as (path, _), temporary_folder(tmp_path, "b") as folder:
        (folder / "images.npy").write_text("half")
        [left] = leftovers([tmp_path, tmp_path / "missing"])
        assert left.bytes == 4
        assert sweep([tmp_path]) == [left]
        assert path.exists() and (folder / "images.npy").exists()
    assert {one.name for one in tmp_path.iterdir()} == {".hidden", "x.part"}


def test_sweeping_never_takes_what_is_being_made(tmp_path: Path) -> None:
    """Writers in threads against sweepers in threads: every file arrives."""
    over = threading.Event()

    def sweeps() -> None:
        while not over.is_set():
            sweep([tmp_path])

    def writes(number: int) -> None:
        for turn in range(40):
            write_bytes(tmp_path / f"{number}", f"{turn}".encode())
            with temporary_folder(tmp_path, f"set{number}") as folder:
                (folder / "content").write_text(f"{turn}")
                replace_folder(folder, tmp_path / f"set{number}")

    sweepers = [threading.Thread(target=sweeps) for _ in range(2)]
    failed: list[BaseException] = []

    def safely(number: int) -> None:
        try:
            writes(number)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=safely, args=(number % 2,)) for number in range(4)]
    for one in (*sweepers, *writers):
        one.start()
    for one in writers:
        one.join()
    over.set()
    for one in sweepers:
        one.join()
    assert not failed
    sweep([tmp_path])
    assert {one.name for one in tmp_path.iterdir()} == {"0", "1", "set0", "set1"}
    assert (tmp_path / "0").read_text() == (tmp_path / "set1" / "content").read_text() == "39"


@pytest.mark.parametrize("instant", [1, 2])
def test_a_set_is_there_whenever_its_replacement_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instant: int
) -> None:
    """Between its two renames, and before the old one is deleted."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "content").write_text("old")
    child = os.fork()
    if child == 0:
        real, count = Path.rename, [0]

        def rename(path: Path, target: Path) -> Path:
            if count[0] == instant:
                os._exit(0)
            count[0] += 1
            return real(path, target)

        vars(pathlib)["Path"].rename = rename
        temporary.shutil.rmtree = lambda *_, **__: os._exit(0)
        with temporary_folder(tmp_path, "set") as folder:
            (folder / "content").write_text("new")
            replace_folder(folder, tmp_path / "set")
    os.waitpid(child, 0)
    sweep([tmp_path])
    assert [one.name for one in tmp_path.iterdir()] == ["set"]
    assert (tmp_path / "set" / "content").read_text() == ("old" if instant == 1 else "new")
