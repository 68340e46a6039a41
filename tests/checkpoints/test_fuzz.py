"""Hostile and damaged packed files: one kind of error, at once, in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import hostile

from lcc_core.checkpoints.packed import load_packed
from lcc_core.errors import CheckpointError

TESTS = Path(__file__).parents[1]
COUNT = int(os.environ.get("LCC_FUZZ", "300"))  # random mutations


def test_no_file_does_harm() -> None:
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzzing.py"), str(COUNT)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
    )
    found = json.loads(done.stdout)
    assert found["mutated"]["files"] == COUNT and found["forged"]["files"] >= 40
    for one in found.values():
        assert one["other"] == one["slow"] == one["large"] == []
    # Odd, but as it should be; and some mutations are of bytes that say nothing.
    assert found["forged"]["loaded"] == ["header of many numbers"]
    assert found["mutated"]["refused"] > 0.9 * COUNT


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("patch 9001, cnn3d", "patch=9001 is not allowed"),
        ("vgg19 from nothing", r"unfold to a vgg19 of 558,\d+,\d+ bytes.*LCC_MODEL_LIMIT=559MB"),
        ("mean NaN", "NaN is no number"),
        ("header deep", "nested too deeply"),
        ("header with a key twice", "the key 'spec' stands twice"),
        ("class names no text", "class_names=1 is not allowed: it must be a list of text"),
        ("layer of 4.0 bits", r"no layer in \['stem.0', 4.0"),
        ("plan with true", "recalibrate=True is not allowed"),
        ("side constant NaN", "has the note 'nan'"),
        ("bytes after the end", "its header tells of"),
    ],
)
def test_it_is_said_what_is_wrong(name: str, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        load_packed(hostile()[name])


def test_a_larger_model_is_loaded_for_who_trusts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = hostile()["efficientnet from nothing"]
    with pytest.raises(CheckpointError, match="would unfold"):
        load_packed(content)
    with pytest.raises(CheckpointError, match="Missing key"):  # further than that
        load_packed(content, limit=10**8)
    monkeypatch.setenv("LCC_MODEL_LIMIT", "100MB")
    with pytest.raises(CheckpointError, match="Missing key"):
        load_packed(content)
    monkeypatch.setenv("LCC_MODEL_LIMIT", "much")
    with pytest.raises(CheckpointError, match="LCC_MODEL_LIMIT='much'"):
        load_packed(content)
