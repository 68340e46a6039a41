"""Scene files that claim more than they hold, or hold more than is meant."""

from __future__ import annotations

import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tiny_scene as scenes
from scipy.io import savemat

from lcc_core.data.catalog import Surrogate, draw_surrogate, import_files
from lcc_core.data.scenefile import read_array
from lcc_core.errors import DataError
from lcc_core.files import Home

HEADERS = {
    "negative": "(-1, 4, 3)",
    "negative product": "(-2, -2, 3)",
    "huge": "(1000000000000, 1000000000000, 3)",
    "beyond the file": "(100, 100, 100)",
    "no numbers": "(True, 4, 3)",
    "endless": "(1000, (",
    "deep": "-" * 9000 + "1",
}  # fmt: skip
TYPES = ["|O", "V9999999999", "<M8[s]", "<c8", "|b1", "<U3", "('<f8', (1000,))"]


def numpy_file(path: Path, shape: str, kind: str = "'<f8'") -> Path:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(800))
    return path


@pytest.mark.parametrize("shape", HEADERS.values(), ids=list(HEADERS))
def test_shapes_that_are_not_there(tmp_path: Path, shape: str) -> None:
    with pytest.raises(DataError, match=r"x\.npy is not a readable \.npy file"):
        read_array(numpy_file(tmp_path / "x.npy", shape), 3)


@pytest.mark.parametrize("kind", TYPES)
def test_types_that_are_no_numbers(tmp_path: Path, kind: str) -> None:
    kind = kind if kind.startswith("(") else f"'{kind}'"
    with pytest.raises(DataError, match=r"x\.npy is not a readable \.npy file"):
        read_array(numpy_file(tmp_path / "x.npy", "(4, 4, 3)", kind), 3)


def test_headers_of_gigabytes_and_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    with path.open("wb") as file:  # 3 GB of which none is on the disk
        file.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 3 * 10**9))
        file.truncate(3 * 10**9 + 12)
    with pytest.raises(DataError, match="cut off or too long"):
        read_array(path, 3)
    np.savez(tmp_path / "y.npz", np.zeros((4, 4, 3)))
    (tmp_path / "y.npz").rename(path)
    with pytest.raises(DataError, match="not a readable"):
        read_array(path, 3)


def test_numpy_files_are_bounded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((50, 50, 4), np.uint8))
    assert read_array(tmp_path / "x.npy", 3, limit=40_000).shape == (50, 50, 4)
    with pytest.raises(
        DataError, match=r"x\.npy would take 40 kB, and the limit is 40 kB"
    ) as error:
        read_array(tmp_path / "x.npy", 3, limit=39_999)
    assert "--limit 40000" in error.value.fix


def test_fortran_order_is_kept(tmp_path: Path) -> None:
    cube = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    np.save(tmp_path / "x.npy", np.asfortranarray(cube))
    np.testing.assert_array_equal(read_array(tmp_path / "x.npy", 3), cube)


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matlab5(*variables: bytes, packed: bool = True) -> bytes:
    start = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    body = b""
    for one in variables:
        body += struct.pack("<II", 15, len(z := zlib.compress(one))) + z if packed else one
    return start + body


def variable(name: str, shape: tuple[int, ...], data: bytes, kind: int = 9) -> bytes:
    flags = element(6, struct.pack("<II", kind, 0))
    sides = element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + sides + element(1, name.encode()) + element(2, data))


def test_a_variable_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(matlab5(variable("cube", (1000, 1000, 300), bytes(300_000_000))))
    assert path.stat().st_size < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"x\.mat, unpacked, would take 257 MB.* limit is 256 MB"):
        read_array(path, 3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB


@pytest.mark.parametrize(
    "variables",
    [
        [variable("cube", (100_000, 100_000, 3), bytes(300))],
        [variable("cube", (-4, -4, 3), bytes(48))],
        [variable("cube", (4, 4, 3), bytes(48)), variable("cube", (4, 4, 3), bytes(48))],
        [variable("cube", (10**8, 10, 3), bytes(8), kind=1)],  # a cell
        [variable("cube", (4, 4, 3), bytes(7))],
        [element(14, struct.pack("<II", 6, 2**32 - 9))],
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_variables_that_cannot_be(tmp_path: Path, variables: list[bytes], packed: bool) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(matlab5(*variables, packed=packed))
    with pytest.raises(DataError, match=r"x\.mat"):
        read_array(path, 3)


def test_a_cell_beside_the_cube_is_not_read(tmp_path: Path) -> None:
    path, cube = tmp_path / "x.mat", np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    cell = variable("notes", (10**8, 100), b"", kind=1)
    data = cube.tobytes("F")
    path.write_bytes(matlab5(cell, variable("cube", cube.shape, data)))
    np.testing.assert_array_equal(read_array(path, 3), cube)


@pytest.mark.parametrize(
    ("rows", "columns", "name"),
    [(-5, 1, 2), (1, -5, 2), (65_536, 65_536, 2), (4, 4, -2), (9, 9, 2)],
)
def test_version_4_files_end(tmp_path: Path, rows: int, columns: int, name: int) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(struct.pack("<5i", 0, rows, columns, 0, name) + b"x\0" + bytes(40))
    with pytest.raises(DataError, match=r"x\.mat is not a readable \.mat file"):
        read_array(path, 2)


def test_version_4_files_are_read(tmp_path: Path) -> None:
    labels = np.arange(12.0).reshape(3, 4)
    savemat(tmp_path / "x.mat", {"other": np.ones((2, 2)), "labels": labels}, format="4")
    np.testing.assert_array_equal(read_array(tmp_path / "x.mat", 2, "labels"), labels)


def envi(path: Path, data: bytes = bytes(96), **changed: object) -> Path:
    fields = {"samples": 4, "lines": 4, "bands": 3, "header offset": 0, "data type": 12}
    fields |= {"interleave": "bsq", "byte order": 0}
    fields |= {name.replace("_", " "): value for name, value in changed.items()}
    path.write_text("ENVI\n" + "".join(f"{name} = {value}\n" for name, value in fields.items()))
    path.with_suffix(".img").write_bytes(data)
    return path


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": 10**9, "samples": 10**9},
        {"lines": 5},
        {"lines": -4, "samples": -4},
        {"bands": 0},
        {"lines": "9" * 5000},
        {"header_offset": -8},
        {"header_offset": 8},
        {"data_type": 6},
        {"data_type": 99},
        {"file_type": "ENVI Spectral Library"},
    ],
)
def test_envi_headers_that_cannot_be(tmp_path: Path, changed: dict[str, object]) -> None:
    pytest.importorskip("spectral")
    assert read_array(envi(tmp_path / "y.hdr"), 3).shape == (4, 4, 3)
    with pytest.raises(DataError, match=r"x\.hdr is not a readable ENVI file"):
        read_array(envi(tmp_path / "x.hdr", **changed), 3)


def test_envi_files_are_bounded(tmp_path: Path) -> None:
    pytest.importorskip("spectral")
    path = envi(tmp_path / "x.hdr")
    with pytest.raises(DataError, match=r"cube of x\.hdr would take 192 B, and the limit is 191 B"):
        read_array(path, 3, limit=191)
    path.write_text("ENVI\n" + "\n" * 30_000)
    with pytest.raises(DataError, match="more than 20,000 lines"):
        read_array(path, 3)
    path.write_text("ENVI\n" + "x" * 300_000)
    with pytest.raises(DataError, match="more than 262,144 bytes"):
        read_array(path, 3)


def test_imports_and_surrogates_take_a_limit(home: Home, tmp_path: Path) -> None:
    files = scenes.files(tmp_path)
    with pytest.raises(DataError, match=r"cube\.npy would take .* the limit is 1 kB"):
        import_files("x", *files, home, limit=1000)
    cube, labels = scenes.draw()
    np.save(tmp_path / "of.npy", labels[labels > 0][:, None])
    np.save(tmp_path / "spectra.npy", cube[labels > 0])
    paths = (files[1], tmp_path / "spectra.npy", tmp_path / "of.npy")
    with pytest.raises(DataError, match="Drawing the scene would take"):
        draw_surrogate("x", Surrogate(*paths), home, limit=100_000)
    np.save(tmp_path / "of.npy", labels[labels > 0][:, None] + 0.5)
    with pytest.raises(DataError, match=r"of\.npy holds values that are no class numbers"):
        draw_surrogate("x", Surrogate(*paths), home)
    assert not list(home.tiles.glob("*"))
