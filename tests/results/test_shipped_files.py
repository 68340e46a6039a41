"""The files that ship: every one loads to the weights it always had, and is its row's own."""

from __future__ import annotations

import hashlib

import pytest

from lcc_core.checkpoints.packed import load_compressed
from lcc_core.results import shipped, table

# sha256 of all weights, codes and scales; of the files of 2026-11-21 as the first reader had them.
GOLDEN = {
    "compact-8e6a0758105b-0f36b0751d54": "3ee4ba024be2c40c",
    "compact-8e6a0758105b-2144881b66c1": "dcdd59c3d671d19a",
    "compact-8e6a0758105b-29d69f4c219f": "64af927991cbfc80",
    "compact-8e6a0758105b-2be875c4cb49": "b46a7b37434d1e76",
    "compact-8e6a0758105b-79a492fda2e0": "1d55ea01887e3866",
    "compact-8e6a0758105b-9ea2d9d89300": "062913e9fc6825f6",
    "compact-8e6a0758105b-faa23e0f7785": "b0dea654ea396a09",
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
