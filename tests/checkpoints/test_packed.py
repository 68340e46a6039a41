"""The packed file: exact, and safe to open whoever made it."""

from __future__ import annotations

import copy
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import forge, model, small
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as write_container

from lcc_core.checkpoints import packed
from lcc_core.checkpoints.packed import (
    load_compressed,
    load_packed,
    pack,
    read_header,
    write_packed,
)
from lcc_core.compression import Compressed, Plan, apply, uniform_plan
from lcc_core.compression.presets import preset
from lcc_core.compression.quantizers.symmetric import Symmetric
from lcc_core.errors import CheckpointError, LccError
from lcc_core.models import Classifier

SOME = settings(max_examples=60, deadline=None, derandomize=True)


def same(one: Compressed, other: Classifier, size: int) -> None:
    expected, got = one.model.net.state_dict(), other.net.state_dict()
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        assert name.endswith(packed.SKIPPED) or torch.equal(value, got[name]), name
    generator = torch.Generator().manual_seed(0)
    tiles = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8, generator=generator)
    with torch.inference_mode():
        assert torch.equal(one.model(tiles), other(tiles))


@pytest.mark.parametrize("sides", ["float16", "float32"])
@pytest.mark.parametrize("k", [0.0, 1.0])
@pytest.mark.parametrize("bits", [32, 8, 4, 1])
@pytest.mark.parametrize("arch", ["compact", "mobilenet_v3_small"])
def test_bit_identical(arch: str, bits: int, k: float, sides: str) -> None:
    if arch != "compact" and (k == 0) == (sides == "float16"):
        pytest.skip("half of the combinations are enough for the larger net")
    net = model(arch)
    plan = Plan(uniform_plan(net, bits, k).layers, "fixed", sides)
    one = apply(net, plan)
    content = pack(one)
    same(one, load_packed(content), 32)
    again = load_compressed(content)
    assert again.plan.id == plan.id and again.sparsity == pytest.approx(one.sparsity)
    same(one, load_packed(pack(again)), 16)  # a repacked file says the same


@pytest.mark.parametrize("arch", ["resnet18", "regnet_y_3_2gf"])
def test_other_architectures(arch: str) -> None:
    net = model(arch)
    one = apply(net, uniform_plan(net, 2, 0.5, preset("papers").quantizer))
    same(one, load_packed(pack(one)), 32)
    model.cache_clear()


def test_mixed_plan_and_header(tmp_path: Path) -> None:
    net = model("compact")
    layers = dict(uniform_plan(net, 4).layers)
    layers.pop("head")
    layers["stem.0"] = uniform_plan(net, 1, quantizer=Symmetric(granularity="tensor")).layers[
        "stem.0"
    ]
    one = apply(net, Plan(layers))
    path = tmp_path / "model.lcc"
    size = write_packed(path, one, {"oa": 0.9}, {"made": "here"})
    assert path.stat().st_size == size
    loaded = load_packed(path)
    same(one, loaded, 16)
    assert loaded.plan.layers == layers and loaded.spec == net.spec
    header = read_header(path)
    assert header == loaded.header
    assert header["measurement"] == {"oa": 0.9} and header["extra"] == {"made": "here"}


def test_size_is_small() -> None:
    net = model("compact")
    weights = sum(p.numel() for p in net.parameters())
    assert len(pack(apply(net, uniform_plan(net, 4)))) < weights * 0.5 + 12_000


def check_damage(content: bytes) -> None:
    """A damaged file is refused; a change that says the same (white space) may pass."""
    try:
        got = load_packed(content)
    except CheckpointError as error:
        assert error.fix
        return
    expected = load_packed(small()).net.state_dict()
    assert all(torch.equal(value, expected[n]) for n, value in got.net.state_dict().items())


@SOME
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_flipped_bytes(where: float, flip: int) -> None:
    content = bytearray(small())
    content[int(where * len(content))] ^= flip
    check_damage(bytes(content))


@SOME
@given(st.integers(0, 4000), st.integers(1, 255))
def test_flipped_bytes_of_the_header(where: int, flip: int) -> None:
    content = bytearray(small())
    content[where % 1200] ^= flip
    check_damage(bytes(content))


@SOME
@given(st.floats(0, 1, exclude_max=True))
def test_cut_files(share: float) -> None:
    with pytest.raises(CheckpointError):
        load_packed(small()[: int(share * len(small()))])


@SOME
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    with pytest.raises(CheckpointError):
        load_packed(content)


def test_forging_works_at_all() -> None:
    load_packed(forge())


@pytest.mark.parametrize("arch", ["mobilenet_v3_small", "no_such_net", "../compact", ""])
def test_wrong_architecture(arch: str) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        load_packed(forge(lambda header: header["spec"].update(arch=arch)))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("spec"),
        lambda header: header.update(spec=[]),
        lambda header: header["spec"].update(class_names=["a"]),
        lambda header: header["spec"].update(class_names=["a"] * 9),
        lambda header: header["spec"].update(mean=[1], std=[1]),
        lambda header: header["spec"].update(std=[0, 0, 0]),
        lambda header: header["spec"].update(options=7),
    ],
)
def test_forged_header(change: object) -> None:
    with pytest.raises(CheckpointError):
        load_packed(forge(change))


@pytest.mark.parametrize("blob", ["codes", "sides", "index_blob"])
@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 5000])
def test_forged_blob(blob: str, content: bytes) -> None:
    with pytest.raises(CheckpointError):
        load_packed(forge(**{blob: content}))


def test_future_version() -> None:
    with pytest.raises(CheckpointError, match=r"version 2; .*Update"):
        load_packed(forge(version="2"))


def test_foreign_files(tmp_path: Path) -> None:
    foreign = write_container({"weight": np.zeros(3, np.float32)}, {"format": "pt"})
    bare = write_container({"weight": np.zeros(3, np.float32)})
    for content in (foreign, bare, b"", b"PK\x03\x04", b"\x80\x02pickle"):
        (tmp_path / "foreign.bin").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"foreign\.bin is damaged or is not"):
            load_packed(tmp_path / "foreign.bin")
    with pytest.raises(CheckpointError, match="does not exist"):
        load_packed(tmp_path / "missing")


def test_the_same_bytes_from_run_to_run() -> None:
    code = (
        "import hashlib; from hostile_files import small; "
        "print(hashlib.sha256(small()).hexdigest())"
    )
    tests = Path(__file__).parents[1]
    sums = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{tests.parent}:{tests}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(sums) == 1 and hashlib.sha256(small()).hexdigest() in sums.pop()


def test_the_order_of_a_plan_is_nothing_to_its_file() -> None:
    net = model("compact")
    plan = uniform_plan(net, 3, 0.5)
    turned = Plan(dict(reversed(plan.layers.items())), plan.method, plan.sides, plan.facts)
    assert list(turned.layers) != list(plan.layers)
    assert pack(apply(net, plan)) == pack(apply(net, turned))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["blocks.0.first.0.weight", "stem.1.running_var", "head.bias"])
def test_weights_that_are_not_finite(name: str, value: float) -> None:
    net = copy.deepcopy(model("compact"))
    plan = uniform_plan(net, 4)
    sound = apply(net, plan)
    net.net.state_dict()[name].view(-1)[0] = value
    with pytest.raises(LccError, match=f"'{name}' are not finite"):
        apply(net, plan)
    sound.model.net.state_dict()[name].view(-1)[0] = value
    with pytest.raises(CheckpointError, match=f"'{name}' are not finite"):
        pack(sound)


def test_a_file_whose_weights_are_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    one = apply(model("compact"), Plan({}))
    one.model.net.head.bias.data[0] = float("nan")
    monkeypatch.setattr("lcc_core.checkpoints.packed.first_not_finite", lambda _: None)
    content = pack(one)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"'head\.bias' are not finite"):
        load_packed(content)
