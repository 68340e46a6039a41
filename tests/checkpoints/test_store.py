"""The folder of checkpoints."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lcc_core.checkpoints.store import (
    Checkpoint,
    checkpoint_id,
    delete_checkpoint,
    find_checkpoint,
    list_checkpoints,
    read_checkpoint,
    save_checkpoint,
)
from lcc_core.errors import CheckpointError
from lcc_core.files import Home
from lcc_core.models import ModelSpec, build

SPEC = ModelSpec("compact", ("a", "b"), (0.5,) * 3, (0.2,) * 3)


def make(home: Home, identity: str, created: str = "2030-01-01T00:00:00+00:00") -> Checkpoint:
    torch.manual_seed(0)
    checkpoint = Checkpoint(
        id=identity,
        path=home.checkpoints / identity,
        recipe={"arch": "compact"},
        spec=SPEC,
        data="tiny",
        fingerprint="f",
        synthetic=False,
        split={"protocol": "64/16/20", "seed": 0},
        log=[{"epoch": 1, "loss": 0.5}],
        accuracy={"test": {"oa": 0.9123, "tiles": 10, "precision": "float32"}},
        created=created,
        seconds=1.5,
    )
    return save_checkpoint(
        checkpoint, build(SPEC), {"correct": np.ones((1, 4), np.uint8)}, np.arange(4)
    )


def test_round_trip(home: Home) -> None:
    saved = make(home, "abc123")
    read = read_checkpoint(saved.path)
    assert read == saved and "91.23 %" in read.title
    torch.manual_seed(0)
    expected, got = build(SPEC).state_dict(), read.model().state_dict()
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    np.testing.assert_array_equal(read.dynamics()["correct"], np.ones((1, 4)))
    assert read.bytes == (saved.path / "model.safetensors").stat().st_size


def test_find_list_delete(home: Home) -> None:
    first, second = make(home, "abc1"), make(home, "abd2", "2031-01-01T00:00:00+00:00")
    make(home, "abc12", "2029-01-01T00:00:00+00:00")
    assert [c.id for c in list_checkpoints(home)] == ["abd2", "abc1", "abc12"]
    assert find_checkpoint(home, "abd").id == second.id
    assert find_checkpoint(home, "abc1").id == first.id  # exact before prefix
    with pytest.raises(CheckpointError, match="fits 3 checkpoints"):
        find_checkpoint(home, "ab")
    for name in ("", "zz"):
        with pytest.raises(CheckpointError, match="no checkpoint"):
            find_checkpoint(home, name)
    delete_checkpoint(second)
    assert len(list_checkpoints(home)) == 2


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "3", "NaN", "[" * 50_000, '{"spec": "x"}', '{"spec": {}}']
)
def test_damaged_facts(home: Home, content: str) -> None:
    saved = make(home, "abc")
    (saved.path / "checkpoint.json").write_text(content)
    with pytest.raises(CheckpointError, match="checkpoint abc is damaged"):
        read_checkpoint(saved.path)
    assert list_checkpoints(home) == []


def test_unknown_facts(home: Home) -> None:
    saved = make(home, "abc")
    facts = saved.facts() | {"colour": "blue"}
    (saved.path / "checkpoint.json").write_text(json.dumps(facts))
    with pytest.raises(CheckpointError):
        read_checkpoint(saved.path)


@pytest.mark.parametrize("length", [0, 7, 2000])
def test_damaged_weights(home: Home, length: int) -> None:
    saved = make(home, "abc")
    path = saved.path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="weights of checkpoint abc is damaged"):
        saved.model()


def test_missing_dynamics(home: Home) -> None:
    saved = make(home, "abc")
    (saved.path / "dynamics.safetensors").unlink()
    with pytest.raises(CheckpointError, match="dynamics of checkpoint abc is missing"):
        saved.dynamics()


def test_id_is_of_what_makes_it() -> None:
    one = checkpoint_id({"a": 1, "b": 2}, "f", {"seed": 0})
    assert one == checkpoint_id({"b": 2, "a": 1}, "f", {"seed": 0})
    assert one != checkpoint_id({"a": 1, "b": 2}, "g", {"seed": 0})


def test_weights_that_are_not_finite(home: Home) -> None:
    saved = make(home, "abc")
    path = saved.path / "model.safetensors"
    state = load_file(path)
    state["net.head.bias"][1] = float("nan")
    save_file(state, path)
    with pytest.raises(CheckpointError, match=r"'head\.bias' of checkpoint abc are not finite"):
        saved.model()
