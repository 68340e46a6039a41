"""Models from elsewhere: read without running them, fitted, measured, and used like any other."""

from __future__ import annotations

import pickle
import zipfile
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
from lcc_core.compression.compressed import apply
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.unfold import is_folded
from lcc_core.compression.uniform import uniform_plan
from lcc_core.data.splits import make_split
from lcc_core.errors import CheckpointError, ModelError
from lcc_core.files import Home
from lcc_core.measure.evaluate import predict
from lcc_core.models import Classifier, ModelSpec
from lcc_core.results.measured import measure_plan
from lcc_core.training import make_recipe, train
from lcc_core.training.imported import Foreign, doubt, import_model
from lcc_core.workspace import Workspace

TILES = make_tiles()
SPLIT = make_split(TILES)


def taken(home: Home, file: Path, **how: Any) -> Checkpoint:
    known = Foreign(TILES.name, **{"arch": "compact", **how})
    return import_model(Workspace(home, [TILES]), file, known)


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
    assert not is_folded(made.model().net)
    calibration = calibration_tiles(TILES, make_split(TILES), 16)
    plan = uniform_plan(made.model(), 8, recalibrate=16)
    again = apply(made.model(), plan, calibration)
    assert np.array_equal(answers(again.model), answers(compressed.model))
    # Zeros that rounding to 4 bits made were pruned by nobody.
    workspace = Workspace(home, [TILES])
    row = measure_plan(workspace, made, plan)
    assert row.sparsity > 0 and (row.pruned, row.zeros_free_ratio) == (None, None)
    assert measure_plan(workspace, known, uniform_plan(model, 4)).pruned == 0
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
    with pytest.raises(CheckpointError, match="does not exist"):
        taken(home, tmp_path / "none.pt")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    with pytest.raises(CheckpointError, match="no file of weights"):
        taken(home, tmp_path / "empty.pt")
    assert list_checkpoints(home) == []


def bomb(path: Path, method: int) -> None:
    """A file of torch's whose first tensor unfolds to 256 MB."""
    torch.save({"w": torch.arange(4.0)}, path)
    with zipfile.ZipFile(path) as source:
        parts = {one.filename: source.read(one) for one in source.infolist()}
    with zipfile.ZipFile(path, "w", method) as target:
        for name, content in parts.items():
            target.writestr(name, bytes(2**28) if name.endswith("data/0") else content)


def test_what_would_unfold_to_more_than_it_has(tmp_path: Path) -> None:
    bomb(tmp_path / "bomb.pt", zipfile.ZIP_DEFLATED)
    assert (tmp_path / "bomb.pt").stat().st_size < 2**20
    with pytest.raises(CheckpointError, match="would unfold to more"):
        read_weights(tmp_path / "bomb.pt")
    header = b'{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
    claims = len(header).to_bytes(8, "little") + header + bytes(64)
    for name, content in (
        ("terabytes.safetensors", claims),
        ("header.safetensors", (2**40).to_bytes(8, "little") + b"{" + bytes(99)),
        ("deep.safetensors", (9**5).to_bytes(8, "little") + b'{"a":' + b"[" * 9**5),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged, or no file of weights"):
            read_weights(tmp_path / name)
    with (tmp_path / "sparse.safetensors").open("wb") as file:
        file.write(claims)
        file.truncate(2**40)  # a hole: it takes nothing on the disk
    with pytest.raises(CheckpointError, match="bytes; up to"):
        read_weights(tmp_path / "sparse.safetensors")


def test_a_dictionary_that_holds_itself(tmp_path: Path) -> None:
    content: dict[str, Any] = {"w": torch.ones(2)}
    content["again"] = content
    torch.save(content, tmp_path / "ring.pt")
    assert list(read_weights(tmp_path / "ring.pt")) == ["w"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.float64])
def test_weights_that_are_not_finite(
    home: Home, tmp_path: Path, value: float, kind: torch.dtype
) -> None:
    state = lived_in().net.state_dict()
    state["blocks.0.first.0.weight"] = state["blocks.0.first.0.weight"].to(kind)
    state["blocks.0.first.0.weight"].view(-1)[7] = value
    for name, save in (("w.pt", torch.save), ("w.safetensors", save_file)):
        save(state, tmp_path / name)
        with pytest.raises(ModelError, match=r"'blocks\.0\.first\.0\.weight' are not finite"):
            taken(home, tmp_path / name)
    assert list_checkpoints(home) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.to(torch.int8),
        lambda value: value.to(torch.complex64),
        lambda value: value.to_sparse(),
        lambda value: value.to("meta"),
        lambda value: value > 0,
    ],
)
def test_values_of_another_kind_are_not_converted_in_silence(tmp_path: Path, change: Any) -> None:
    state = lived_in().net.state_dict()
    state["head.weight"] = change(state["head.weight"])
    with pytest.raises(ModelError, match=r"head\.weight holds"):
        fill(spec(), state)


def test_a_damaged_packed_file_is_called_that(home: Home, tmp_path: Path) -> None:
    model = lived_in()
    write_packed(tmp_path / "small.lcc", apply(model, uniform_plan(model, 4)))
    content = (tmp_path / "small.lcc").read_bytes()
    (tmp_path / "small.lcc").write_bytes(content[:-9])
    with pytest.raises(CheckpointError, match="damaged or is not a packed checkpoint"):
        taken(home, tmp_path / "small.lcc", arch="")
