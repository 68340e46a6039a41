"""The files that ship: every one loads to the weights it always had, and is its row's own."""

from __future__ import annotations

import hashlib

import pytest

from lcc_core.checkpoints.packed import load_compressed
from lcc_core.studies import shipped, table

# sha256 of all weights, codes and scales, as the first reader of the format had them.
GOLDEN = {
    "compact-c65634d9487b-6ae39c078dea": "99d1e865b31c4752",
    "compact-c65634d9487b-8049c5277d56": "bad7d069862e3d7d",
    "compact-c65634d9487b-87488649c55f": "eb494e69c52f3a21",
    "compact-c65634d9487b-8e59b5c777fd": "af302b03c833fa7f",
    "compact-c65634d9487b-c942eb72b5bb": "c588fb776f9f63a9",
    "compact-c65634d9487b-ea1260a057c2": "596dd0bb2c148218",
    "compact-c65634d9487b-f350e13826d0": "efd4f98f9ea98a05",
    "mobilenet_v3_small-5ea1343541eb-8f10444eb4b2": "f90a23161ca8bca9",
    "mobilenet_v3_small-5ea1343541eb-9c04e1d755ae": "01fa22ffcbf3e5ee",
    "resnet18-180e220fa6c2-7276a445afd9": "c3520f791a5f720c",
    "resnet18-180e220fa6c2-fcc15b52a164": "b95dd4a4e6641d84",
    "resnet18-549792301df4-04afe41e47cb": "634107286707da91",
    "resnet18-eba828526fb7-72575ace7f87": "2e943eb2447444c7",
    "resnet18-eba828526fb7-8cb2e733f2be": "39dea7ea3d2f8b12",
}


@pytest.fixture(autouse=True)
def _shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LCC_STUDIES", raising=False)


def test_every_file_is_known() -> None:
    folder = shipped.shipped_folder() / "models"
    assert {path.stem for path in folder.glob("*.lcc")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_it_loads_to_the_same_weights(name: str) -> None:
    found = load_compressed(shipped.shipped_folder() / "models" / f"{name}.lcc")
    total = hashlib.sha256()
    for tensor, value in sorted(found.model.state_dict().items()):
        total.update(tensor.encode() + value.contiguous().numpy().tobytes())
    for layer, codes in sorted(found.codes.items()):
        total.update(layer.encode())
        total.update(codes.codes.numpy().tobytes() + codes.scale.numpy().tobytes())
    assert total.hexdigest()[:16] == GOLDEN[name]


def test_rows_have_the_bytes_of_their_files() -> None:
    found = 0
    for row in table.shipped_rows():
        path, one = shipped.packed_path(row), row.measurement
        if path.is_file():
            found += 1
            assert one.bytes == path.stat().st_size
            assert one.real_ratio == one.float_bytes / one.bytes
            assert one.is_of(path.read_bytes()) and shipped.packed_file(row) == path
    assert found == len(GOLDEN)
