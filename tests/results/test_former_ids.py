"""What was stored when plans that do the same had ids of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from world import World

from lcc_core.checkpoints.store import Checkpoint, find_checkpoint
from lcc_core.compression import Plan, uniform_plan
from lcc_core.compression.presets import preset
from lcc_core.files import Home
from lcc_core.results.measured import cached_measurement, measure_plan, result_keys
from lcc_core.results.predicted import cached_predictions, predictions
from lcc_core.results.table import make_row, own_rows, write_row
from lcc_core.workspace import Workspace

PAPERS = preset("papers").quantizer


@pytest.fixture
def copied(home: Home, world: World) -> tuple[Home, Checkpoint]:
    world.copy(home.root)
    for path in home.results.glob("*.json"):
        path.unlink()
    return home, find_checkpoint(home, world.checkpoint)


@pytest.mark.parametrize(("bits", "k"), [(32, 1.0), (1, 0.0), (1, 0.5)])
def test_rows_and_answers_under_a_former_id_are_found(
    copied: tuple[Home, Checkpoint], bits: int, k: float
) -> None:
    home, checkpoint = copied
    plan = uniform_plan(checkpoint.model(), bits, k, PAPERS)
    row = measure_plan(Workspace(home), checkpoint, plan)
    answers = predictions(Workspace(home), checkpoint, plan)
    now, former = result_keys(checkpoint, plan, "test", "auto")
    for folder, suffix in ((home.results, ".json"), (home.predictions, ".npz")):
        (folder / f"{now}{suffix}").rename(folder / f"{former}{suffix}")
    old = replace(row, plan=plan.ids[1])  # as it was written then
    write_row(home.results / f"{former}.json", make_row(old, checkpoint, plan))
    assert cached_measurement(home, checkpoint, plan) == old
    assert measure_plan(Workspace(home), checkpoint, plan) == old
    found = cached_predictions(home, checkpoint, plan)
    assert found is not None and np.array_equal(found.answers, answers.answers)
    assert [one.measurement.plan for one in own_rows(home)] == [plan.ids[1]]


def test_rows_of_plans_that_do_the_same_stand_once(copied: tuple[Home, Checkpoint]) -> None:
    home, checkpoint = copied
    model = checkpoint.model()
    own, papers = (uniform_plan(model, 32, 1.0, how) for how in (preset("own").quantizer, PAPERS))
    row = measure_plan(Workspace(home), checkpoint, own)
    assert measure_plan(Workspace(home), checkpoint, papers) == row  # it is the same
    key = result_keys(checkpoint, papers, "test", "auto")[1]
    old = make_row(replace(row, plan=papers.ids[1]), checkpoint, papers)
    write_row(home.results / f"{key}.json", old)
    (one,) = own_rows(home)
    assert one.measurement.oa == row.oa
    assert len(list(home.results.glob("*.json"))) == 2
    write_row(home.results / "float.json", make_row(row, checkpoint, Plan({})))
    assert len(own_rows(home)) == 2
