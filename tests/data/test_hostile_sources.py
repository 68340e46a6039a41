"""Archives and folders that mean harm, and sets that are larger than is meant."""

from __future__ import annotations

import os
import resource
import socket
import zipfile
from pathlib import Path
from typing import Any

import hostile
import pytest

from lcc_core.data import imagefolder, limits, sources
from lcc_core.data.catalog import import_files, import_tiles, stored
from lcc_core.data.limits import ALWAYS, LARGEST_SET, Limit, check_disk
from lcc_core.errors import DataError, LccError
from lcc_core.files import Home
from lcc_core.units import parse_size

TILE = hostile.picture("PNG")
TILES = {f"{c}/{n}.png": TILE for c in "ab" for n in range(3)}


def folder(root: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        path = root / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root / "source"


def refused(home: Home, source: Path, match: str, **options: Any) -> DataError:
    with pytest.raises(DataError, match=match) as caught:
        import_tiles("mine", source, home, **options)
    assert caught.value.fix and not list(home.tiles.glob("*"))
    return caught.value


def test_a_small_archive_does_not_become_gigabytes(home: Home, tmp_path: Path) -> None:
    large = hostile.picture("PNG", (4096, 4096))
    inner = {f"{c}/{n}.png": large for c in "ab" for n in range(16)}
    source = hostile.pack(tmp_path / "x.zip", inner)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(home, source, r"32 images, decoded, would take 1\.61 GB, .*limit is 256 MB")
    assert "--limit 1.7GB" in error.fix
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_the_limit_can_be_raised(home: Home, tmp_path: Path) -> None:
    source = hostile.pack(tmp_path / "x.zip", TILES)
    needed = 6 * 16 * 16 * 3
    error = refused(home, source, r"would take 4\.61 kB, .*the limit is 4\.61 kB", limit=needed - 1)
    assert f"--limit {needed}" in error.fix
    assert len(import_tiles("mine", source, home, limit=needed)) == 6


def test_resized_tiles_count_as_they_are_stored(home: Home, tmp_path: Path) -> None:
    source = hostile.pack(tmp_path / "x.zip", TILES)
    error = refused(home, source, r"6 tiles of 1024×1024.*18\.9 MB", limit=10**6, size=1024)
    assert "smaller --size" in error.fix


def test_images_beyond_the_sample_count_too(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagefolder, "SAMPLE", 2)
    members = TILES | {"a/1.png": hostile.picture("PNG", (2000, 2000))}
    source = hostile.pack(tmp_path / "x.zip", members)
    refused(home, source, r"images of x\.zip, decoded, would take 12 MB", limit=10**6)
    huge = hostile.pack(tmp_path / "y.zip", TILES | {"a/1.png": hostile.png_header(60_000, 9)})
    refused(home, huge, r"a/1\.png is 60000×9 pixels")


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_files_are_bounded_unpacked(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    members = TILES | {"b/2.png": bytes(3_000_000)}
    source = (
        hostile.pack(tmp_path / "x.zip", members) if kind == "zip" else folder(tmp_path, members)
    )
    refused(home, source, r"image files of .* would take 3 MB", limit=10**6)
    monkeypatch.setattr(sources, "LARGEST_FILE", 10**6)
    refused(home, source, r"b/2\.png unpacks to 3 MB")


def test_a_member_that_understates_itself_is_not_unpacked(home: Home, tmp_path: Path) -> None:
    whole = TILE + bytes(80_000_000)
    source = hostile.pack(tmp_path / "x.zip", dict.fromkeys(TILES, whole))
    hostile.understate(source, len(TILE) + 5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(import_tiles("mine", source, home)) == 6
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_deflate_is_unpacked(home: Home, tmp_path: Path, how: int) -> None:
    refused(home, hostile.pack(tmp_path / "x.zip", TILES, how), "packed in a way that is not read")


def test_encrypted_members_are_told(home: Home, tmp_path: Path) -> None:
    source = hostile.pack(tmp_path / "x.zip", TILES)
    content = source.read_bytes()
    source.write_bytes(content.replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"))
    refused(home, source, r"a/0\.png in x\.zip is encrypted")


@pytest.mark.parametrize("claimed", [0, 3, 65_535])
def test_countless_members_are_not_listed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claimed: int
) -> None:
    monkeypatch.setattr(sources.zipfile, "ZipFile", lambda *_: pytest.fail("they were listed"))
    source = hostile.list_of(tmp_path / "x.zip", limits.MOST_FILES + 1, claimed)
    refused(home, source, r"x\.zip holds 500,001 files or more")


def test_as_many_members_as_are_allowed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 6)
    assert len(import_tiles("mine", hostile.pack(tmp_path / "x.zip", TILES), home)) == 6
    monkeypatch.setattr(sources, "MOST_FILES", 8)
    assert len(import_tiles("yours", folder(tmp_path, TILES), home)) == 6  # 2 folders, 6 files
    monkeypatch.setattr(sources, "MOST_FILES", 5)
    for source in (tmp_path / "x.zip", tmp_path / "source"):
        with pytest.raises(DataError, match="files or more"):
            import_tiles("mine", source, home)


@pytest.mark.parametrize("name", ["/etc/a/x.png", "../a/x.png", "a/../../x.png", ".."])
def test_names_that_lead_out(home: Home, tmp_path: Path, name: str) -> None:
    if name == "..":
        name = "../x.png"
    source = hostile.pack(tmp_path / "x.zip", TILES | {name: TILE})
    refused(home, source, "leads out of it")


def test_members_of_one_name(home: Home, tmp_path: Path) -> None:
    source = hostile.pack(tmp_path / "x.zip", TILES | {"a/9.png": TILE})
    source.write_bytes(source.read_bytes().replace(b"a/9.png", b"a/0.png"))
    refused(home, source, r"'a/0\.png' twice")


def special(path: Path, kind: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(path.parent)  # names of sockets are short
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
        os.chdir(here)
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_at_once(home: Home, tmp_path: Path, kind: str) -> None:
    source = folder(tmp_path, TILES)
    special(source / "a" / "x.png", kind)
    refused(home, source, rf"x\.png is a (named )?{kind}, not a file")
    refused(home, special(tmp_path / "one", kind), rf"one is a (named )?{kind}, not a file")
    for suffix in (".mat", ".npy", ".hdr"):
        path = special(tmp_path / f"cube{suffix}", kind)
        with pytest.raises(DataError, match=rf"is a (named )?{kind}, not a file"):
            import_files("mine", path, path, home)
        for known in ("indian_pines", "pavia_university"):
            with pytest.raises(DataError, match=rf"is a (named )?{kind}, not a file"):
                import_files(known, path, path, home)


def test_what_may_not_be_read_is_not_called_damaged(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, archive = folder(tmp_path, TILES), hostile.pack(tmp_path / "x.zip", TILES)
    opened = os.open

    def refuse(path: object, *words: object, **more: object) -> int:
        if str(path).endswith(("0.png", "x.zip")):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    for one in (source, archive):
        error = refused(home, one, "cannot be read: Permission denied")
        assert "damaged" not in error.what and "owner" in error.fix


def test_folders_that_may_not_be_read_are_not_passed_over(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, listed = folder(tmp_path, TILES), os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("source/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    refused(home, source, "source/b cannot be read: Permission denied")


def test_dangling_links_are_told(home: Home, tmp_path: Path) -> None:
    source = folder(tmp_path, TILES)
    (source / "a" / "x.png").symlink_to(tmp_path / "nowhere")
    refused(home, source, r"x\.png does not exist")


def test_the_default_limit() -> None:
    for source, most in ((3_000, ALWAYS), (10**7, 2 * 10**9), (94_280_567, LARGEST_SET)):
        assert Limit.of(None, source).bytes == most
        assert Limit.of(5, source).bytes == 5
    Limit.of(None, 94_280_567).check(27_000 * 64 * 64 * 3, "EuroSAT")
    Limit.of(None, 10).check(ALWAYS, "just")
    with pytest.raises(DataError, match=r"just would take 256 MB, and the limit is 256 MB"):
        Limit.of(None, 10).check(ALWAYS + 1, "just")


def test_never_more_than_the_disk(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _: usage)
    source = hostile.pack(tmp_path / "x.zip", TILES)
    refused(home, source, r"would take 4\.61 kB, and the disk of .* has 1 kB free", limit=10**9)
    with pytest.raises(DataError, match="free"):
        check_disk(1001, "x", tmp_path)
    check_disk(1000, "x", tmp_path)


def test_sizes_as_they_are_typed() -> None:
    typed = {
        "20GB": 20 * 10**9,
        "1.5 GiB": 1_610_612_736,
        "500mb": 5 * 10**8,
        "7": 7,
        " 2 kB ": 2000,
    }
    typed |= {"3B": 3, "0.1k": 100, "2T": 2 * 10**12}
    assert {text: parse_size(text) for text in typed} == typed
    for text in (
        "",
        "GB",
        "-1GB",
        "0",
        "nan",
        "1e9",
        "inf",
        "5 XB",
        "1,5GB",
        "9" * 40,
        "5iB",
        "٣GB",
    ):
        with pytest.raises(LccError, match="is no size"):
            parse_size(text)


def test_what_is_stored_is_left_alone_by_a_refusal(home: Home, tmp_path: Path) -> None:
    source = hostile.pack(tmp_path / "x.zip", TILES)
    import_tiles("mine", source, home)
    with pytest.raises(DataError):
        import_tiles("mine", source, home, limit=10)
    assert [one.tiles for one in stored(home)] == [6]
