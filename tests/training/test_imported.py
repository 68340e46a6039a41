"""Models from elsewhere: read without running them, fitted, measured, and used like any other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tiny import NAMES, lived_in, make_tiles, spec

from lcc_core.checkpoints.foreign import fill, read_weights
from lcc_core.checkpoints.packed import write_packed
from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.compression.apply import apply
from lcc_core.compression.uniform import uniform_plan
from lcc_core.data.splits import make_split
from lcc_core.errors import CheckpointError, ModelError
from lcc_core.files import Home
from lcc_core.measure.evaluate import predict
from lcc_core.models import Classifier, ModelSpec
from lcc_core.training import make_recipe, train
from lcc_core.training.imported import Foreign, doubt, import_model

TILES = make_tiles()
SPLIT = make_split(TILES)


def taken(home: Home, file: Path, **how: Any) -> Checkpoint:
    return import_model(file, Foreign(**{"arch": "compact", **how}), TILES, SPLIT, home)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A model that is right on most tiles, with the data's statistics."""
    home = Home.find(tmp_path_factory.mktemp("known"))
    made = train(make_recipe("compact", epochs=8, batch=8), TILES, SPLIT, home)
    assert made.accuracy["test"]["oa"] > 0.5
    return made


def answers(model: Classifier) -> np.ndarray:
    return predict(model, TILES, np.arange(len(TILES)))


def weights_of(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return checkpoint.model().net.state_dict()


WRAPPED = {
    "plain.pt": lambda state, path: torch.save(state, path),
    "nested.pth": lambda state, path: torch.save(
        {
            "epoch": 3,
            "state_dict": {f"module.{k}": v for k, v in state.items()},
            "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}},
        },
        path,
    ),
    "lightning.ckpt": lambda state, path: torch.save(
        {"model": {f"model.net.{k}": v for k, v in state.items()} | {"teacher.w": torch.ones(2)}},
        path,
    ),
    "old.pt": lambda state, path: torch.save(
        {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}, path
    ),
    "safe.safetensors": lambda state, path: save_file(state, path),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_whatever_the_weights_are_wrapped_in(
    name: str, known: Checkpoint, home: Home, tmp_path: Path
) -> None:
    WRAPPED[name](weights_of(known), tmp_path / name)
    made = taken(home, tmp_path / name)
    assert made.recipe["norm"] == "data"  # found out on training tiles
    assert made.accuracy == known.accuracy
    assert np.array_equal(answers(made.model()), answers(known.model()))
    assert made.imported and "imported" in made.title and not doubt(made)
    assert [one.id for one in list_checkpoints(home)] == [made.id]
    assert taken(home, tmp_path / name).created == made.created  # not twice


def test_classes_in_another_order(known: Checkpoint, home: Home, tmp_path: Path) -> None:
    order, state = [2, 0, 3, 1], weights_of(known)
    for name in ("head.weight", "head.bias"):
        state[name] = state[name][order]
    torch.save(state, tmp_path / "other.pt")
    mixed = taken(home, tmp_path / "other.pt", norm="data")
    assert mixed.accuracy["test"]["oa"] < known.accuracy["test"]["oa"] and doubt(mixed)
    named = tuple(NAMES[n] for n in order)
    put_right = taken(home, tmp_path / "other.pt", norm="data", classes=named)
    assert put_right.accuracy == known.accuracy and put_right.id != mixed.id
    for wrong in (named[:3], (*named[:3], named[0]), (*named[:3], "sea")):
        with pytest.raises(ModelError, match="class order"):
            taken(home, tmp_path / "other.pt", classes=wrong)


@pytest.mark.parametrize(("norm", "mean"), [("imagenet", 0.485), ("half", 0.5), ("none", 0.0)])
def test_the_normalisation_is_what_was_asked_for(
    home: Home, tmp_path: Path, norm: str, mean: float
) -> None:
    torch.save(lived_in().net.state_dict(), tmp_path / "w.pt")
    made = taken(home, tmp_path / "w.pt", norm=norm)
    assert made.spec.mean[0] == mean and made.recipe["norm"] == norm


def test_a_packed_file_becomes_a_checkpoint(known: Checkpoint, home: Home, tmp_path: Path) -> None:
    model = known.model()
    compressed = apply(model, uniform_plan(model, 4))
    write_packed(tmp_path / "small.lcc", compressed)
    made = taken(home, tmp_path / "small.lcc", arch="")
    assert np.array_equal(answers(made.model()), answers(compressed.model))
    again = apply(made.model(), uniform_plan(made.model(), 8))
    assert again.codes
    with pytest.raises(ModelError, match="holds a compact"):
        taken(home, tmp_path / "small.lcc", arch="resnet18")


def test_it_is_compressed_like_any_other(known: Checkpoint, home: Home, tmp_path: Path) -> None:
    torch.save(weights_of(known), tmp_path / "w.pt")
    made = taken(home, tmp_path / "w.pt")
    one, other = (apply(c.model(), uniform_plan(c.model(), 3, 0.5)) for c in (made, known))
    assert np.array_equal(answers(one.model), answers(other.model))
    with pytest.raises(CheckpointError, match="how it learnt each tile is not known"):
        made.dynamics()


class Hostile:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("hostile-was-here"),))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Hostile()}, "evil.pt")
    Path("evil.pkl").write_bytes(pickle.dumps(Hostile()))
    torch.save(lived_in().net, "whole.pt")
    for name in ("evil.pt", "evil.pkl", "whole.pt"):
        with pytest.raises(CheckpointError, match="more than weights"):
            read_weights(Path(name))
    assert not Path("hostile-was-here").exists()


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x09" + bytes(7) + b"{"]),
)
def test_any_other_file_is_refused(content: bytes, begins: bytes) -> None:
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(suffix=".pt") as file:
        file.write(begins + content)
        file.flush()
        with pytest.raises(CheckpointError):
            read_weights(Path(file.name))


def test_what_does_not_fit_is_said(home: Home, tmp_path: Path) -> None:
    state = lived_in().net.state_dict()
    with pytest.raises(ModelError, match="not the weights of a resnet18"):
        fill(spec("resnet18"), state)
    more = ModelSpec("compact", (*NAMES, "sea"), (0.5,) * 3, (0.2,) * 3)
    with pytest.raises(ModelError, match=r"head\.weight has the shape 4×.* with 5 classes"):
        fill(more, state)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="does not say what network"):
        taken(home, tmp_path / "w.pt", arch="")
    with pytest.raises(CheckpointError, match="cannot be read"):
        taken(home, tmp_path / "none.pt")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    with pytest.raises(CheckpointError, match="no file of weights"):
        taken(home, tmp_path / "empty.pt")
    assert list_checkpoints(home) == []
