"""What pages ask for: the answer of a worker, or of many threads at once, is the plain one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_folder import draw_folder

from lcc_core.channels import ChannelPruning, prune_channels
from lcc_core.checkpoints.packed import load_packed, pack
from lcc_core.checkpoints.store import Checkpoint, find_checkpoint
from lcc_core.compression import Plan, apply, importance, uniform_plan
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.search import PlanningInput, SearchSettings, search
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.errors import CheckpointError
from lcc_core.files import Home
from lcc_core.measure.cost import macs, parameters
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measure import Origin, Sample, measure
from lcc_core.models import weight_of
from lcc_core.training import make_recipe, train
from lcc_core.training.batches import gather
from lcc_core.workers import Pool
from lcc_core.workers.requests import (
    ESTIMATE,
    Answers,
    CompareNarrowed,
    Export,
    Importances,
    LatenciesInTurn,
    MeasurePlan,
    OfPlan,
    PackPlan,
    PreviewPruning,
    WeightHistogram,
)
from lcc_core.workspace import Workspace

THREADS = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Checkpoint]:
    home = Home.find(tmp_path_factory.mktemp("home"))
    source = draw_folder(tmp_path_factory.mktemp("tiles") / "source")
    tiles = import_tiles("tiny", source, home)
    made = train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    return home, made


@pytest.fixture(scope="module")
def workers() -> Iterator[Pool]:
    pool = Pool(size=2)
    yield pool
    pool.close()


def fresh(home: Home, root: Path) -> Home:
    """The same tiles and checkpoints, nothing measured yet."""
    root.mkdir()
    for name in ("tiles", "checkpoints"):
        (root / name).symlink_to(home.root / name)
    return Home(root)


def plain(home: Home, checkpoint: Checkpoint, plan: Plan) -> Any:
    """A measurement by the engine's own functions, in this thread alone."""
    workspace = Workspace(home)
    tiles, split = workspace.tiles("tiny"), make_split(workspace.tiles("tiny"))
    calibration = calibration_tiles(tiles, split, plan.recalibrate) if plan.recalibrate else None
    compressed = apply(checkpoint.model(), plan, calibration)
    origin = Origin(checkpoint.id, checkpoint.bytes, checkpoint.split)
    return measure(compressed, origin, Sample.of(tiles, split), latency=False)


# What differs from run to run, not from thread to thread.
CLOCKS = {"latency_ms", "measured", "recalibration_s"}


def figures(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.to_json().items() if name not in CLOCKS}


def test_a_worker_measures_what_the_engine_measures(
    place: tuple[Home, Checkpoint], workers: Pool, tmp_path: Path
) -> None:
    home, one = fresh(place[0], tmp_path / "home"), place[1]
    model = one.model()
    for bits, recalibrate in ((4, 16), (2, 0)):
        plan = uniform_plan(model, bits, 0.5, recalibrate=recalibrate)
        with workers.submit(home, MeasurePlan(one.id, one.created, plan)) as ticket:
            row = ticket.result()
        assert figures(row) == figures(plain(home, one, plan))
        told = ticket.lasting[0]
        assert (told.stage, told.figures["where"]) == (ESTIMATE, "8 of the 8 test tiles")
        assert told.figures["oa"] == row.oa
        assert 0 <= told.figures["low"] <= told.figures["oa"] <= told.figures["high"] <= 1

        packed = workers.run(home, PackPlan(one.id, one.created, plan, row.part, row.precision))
        assert row.is_of(packed)
        path = tmp_path / "small.lcc"
        path.write_bytes(packed)
        loaded = load_packed(path)
        tiles = Workspace(home).tiles("tiny")
        ids = make_split(tiles).test
        answers = workers.run(home, Answers(one.id, one.created, plan, "test", row.precision))
        np.testing.assert_array_equal(answers.ids, ids)
        np.testing.assert_array_equal(answers.answers, predict(loaded, tiles, ids))


def test_importances_weights_and_channels(place: tuple[Home, Checkpoint], workers: Pool) -> None:
    home, one = place
    model = one.model()
    assert workers.run(home, Importances(one.id, one.created)) == importance(model)

    plan = uniform_plan(model, 1)
    found = workers.run(home, WeightHistogram(one.id, one.created, plan, "head"))
    before = weight_of(model, "head").detach().numpy().ravel()
    after = weight_of(apply(model, plan).model, "head").detach().numpy().ravel()
    reach = np.abs(before).max()
    for counts, values in ((found.before, before), (found.after, after)):
        np.testing.assert_array_equal(counts, np.histogram(values, 121, (-reach, reach))[0])

    pruning = ChannelPruning("norm", 0.5)
    preview = workers.run(home, PreviewPruning(one.id, one.created, pruning))
    narrow = prune_channels(model, pruning)
    assert preview.channels == (narrow.kept, narrow.of)
    assert preview.parameters == (parameters(narrow.model), parameters(model))
    assert preview.macs == (macs(narrow.model, (16, 16)), macs(model, (16, 16)))
    for group, expected in zip(preview.groups, narrow.groups, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(group.staying), expected.kept)
        np.testing.assert_array_equal(group.scores, expected.scores)


def test_export_latency_and_comparison(place: tuple[Home, Checkpoint], workers: Pool) -> None:
    home, one = place
    plan = uniform_plan(one.model(), 4)
    onnx = pytest.importorskip("onnx")
    content = workers.run(home, Export(one.id, one.created, plan, "onnx"))
    onnx.checker.check_model(onnx.load_from_string(content))
    both = (OfPlan(one.id, one.created, plan), OfPlan(one.id, one.created, Plan({})))
    times = workers.run(home, LatenciesInTurn(both, 1.0))
    assert len(times) == 2 and min(times) > 0
    same = workers.run(home, CompareNarrowed(one.id, one.created, one.id, one.created))
    assert same.ratios()["parameters"] == same.ratios()["bytes"] == 1


def test_a_checkpoint_that_was_trained_again_is_another(
    place: tuple[Home, Checkpoint], workers: Pool
) -> None:
    home, one = place
    with pytest.raises(CheckpointError, match="trained again meanwhile"):
        workers.run(home, Importances(one.id, "2020-01-01T00:00:00+00:00"))
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        workers.run(home, Importances("f" * 12, one.created))


def test_threads_hammer_the_engine(place: tuple[Home, Checkpoint], tmp_path: Path) -> None:
    """Compress, measure, recalibrate, search, pack and narrow at once, in one process."""
    home, one = place
    model = one.model()
    tiles, split = (w := Workspace(home)).tiles("tiny"), w.split(one)
    images, labels = gather(tiles, split.validation), tiles.labels[split.validation]
    settings = SearchSettings.of(t_margin=5.0, recalibrate=16)
    plans = [uniform_plan(model, bits, 0.5, recalibrate=16) for bits in (2, 4, 8)]

    def searched() -> Any:
        import torch

        calibration = calibration_tiles(tiles, split, 16)
        given = PlanningInput(model, images, torch.from_numpy(labels), calibration=calibration)
        return search(settings, given).plan.id

    def packed() -> bytes:
        return pack(apply(model, plans[0], calibration_tiles(tiles, split, 16)))

    def narrowed() -> list[int]:
        return [
            int(n) for g in prune_channels(model, ChannelPruning("l1", 0.5)).groups for n in g.kept
        ]

    works = [lambda plan=plan: figures(plain(home, one, plan)) for plan in plans]
    works += [searched, packed, narrowed]
    expected = [work() for work in works]
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(3):
            assert [one.result() for one in [pool.submit(work) for work in works]] == expected


def test_a_workspace_makes_what_many_ask_for_once(
    place: tuple[Home, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, one = place
    made, start = [], threading.Barrier(THREADS)
    opened = Checkpoint.model
    monkeypatch.setattr(Checkpoint, "model", lambda self: made.append(self.id) or opened(self))
    workspace = Workspace(home)

    def ask() -> Any:
        start.wait(60)
        return workspace.model(find_checkpoint(home, one.id))

    with ThreadPoolExecutor(THREADS) as pool:
        models = [future.result() for future in [pool.submit(ask) for _ in range(THREADS)]]
    assert len({id(model) for model in models}) == 1 == len(made)


def test_a_workspace_keeps_no_failure(
    place: tuple[Home, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, one = place
    opened = Checkpoint.model

    def failing(_: Checkpoint) -> Any:
        raise CheckpointError("The weights are missing.")

    workspace = Workspace(home)
    monkeypatch.setattr(Checkpoint, "model", failing)
    with pytest.raises(CheckpointError):
        workspace.model(one)
    monkeypatch.setattr(Checkpoint, "model", opened)
    assert workspace.model(one) is workspace.model(one)
