"""One step done, in whatever process it is: content in, a record out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lcc_core.channels import ChannelPruning
from lcc_core.channels.schedule import Schedule
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.presets import preset
from lcc_core.compression.search import SearchResult, SearchSettings
from lcc_core.compression.uniform import uniform_plan
from lcc_core.coresets import CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import read_coreset, save_coreset
from lcc_core.data.splits import make_split
from lcc_core.errors import Cancelled, LccError
from lcc_core.files import NO_ROOM, NOT_ALLOWED, Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.results.measured import measure_plan, result_key
from lcc_core.results.searched import Selection, search_path, search_plan
from lcc_core.studies import records
from lcc_core.studies.graph import CHOOSE, MEASURE, NARROW, SEARCH, TRAIN, Step
from lcc_core.studies.records import Record
from lcc_core.training import make_recipe, train
from lcc_core.training.finetuned import FineTuning, prune_and_tune_channels
from lcc_core.training.steps import with_equal_steps
from lcc_core.workspace import Workspace

DEVICE = "auto"


@dataclass(frozen=True)
class Outcome:
    """How a step ended: with a ``record``, or with an ``error`` and what to do about it.

    ``fatal``: it is the machine that does not let it be done, not the step: the disk is full.
    """

    step: str
    record: Record | None = None
    error: str = ""
    fix: str = ""
    fatal: bool = False


@dataclass(eq=False)
class Worker:
    """Does steps one after the other and keeps what they share."""

    home: Home
    device: str = DEVICE
    hooks: Hooks = QUIET
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.home)

    def do(self, step: Step, values: dict[str, str]) -> Outcome:
        """``values``: id of each needed step → its value. ``Cancelled`` passes through."""
        began = time.time()
        try:
            value, files, about = DOING[step.kind](self, step, _needed(step, values))
            record = records.make_record(self.home, step.kind, value, files, began, **about)
            records.save(self.home, step.id, record)
            return Outcome(step.id, record)
        except Cancelled:
            raise
        except LccError as error:
            return Outcome(step.id, None, error.what, error.fix, _no_place(error))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            return Outcome(step.id, None, text, "Run the study again.", _no_place(error))


Done = tuple[str, list[Path], dict[str, Any]]


def _needed(step: Step, values: dict[str, str]) -> dict[str, str]:
    return {role: values[identity] for role, identity in step.needs.items()}


def _no_place(error: BaseException | None) -> bool:
    """Whether something could not be written, which will meet all other steps as well."""
    while error is not None:
        places = (*NO_ROOM, *NOT_ALLOWED)
        if isinstance(error, OSError) and error.errno in places:
            return True
        error = error.__cause__
    return False


def _train(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    content = step.content
    tiles = worker.workspace.tiles(content["data"])
    if "coreset" in values:
        split = read_coreset(worker.home, values["coreset"]).split(tiles)
    else:
        where = content.get("select_on", "test")
        split = make_split(tiles, content["split"], content["split_seed"], where)
    kept = len(split.train)
    equal = content.get("equal_steps", False) and split.coreset is not None
    whole = split.coreset["of"] if equal and split.coreset else kept
    chosen = {"tiles": whole, **content["recipe"], "seed": content["seed"]}
    recipe = make_recipe(content["arch"], **chosen)
    if equal:
        recipe = with_equal_steps(recipe, whole, kept)
    made = train(recipe, tiles, split, worker.home, worker.device, worker.hooks)
    work = recipe.epochs * len(split.train)
    return made.id, _files(made), {"arch": made.arch, "data": made.data, "work": work}


def _choose(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    source = worker.workspace.checkpoint(values["model"])
    settings = CoresetSettings.of(step.content)
    split = worker.workspace.split(source)
    tiles = worker.workspace.tiles(source.data)
    chosen = choose_coreset(source, tiles, split, settings)
    path = worker.home.folder("coresets") / f"{chosen.name}.json"
    if not (path.is_file() and read_coreset(worker.home, chosen.name).id == chosen.id):
        chosen = save_coreset(worker.home, chosen)
    return chosen.name, [path], {}


def _narrow(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    source = worker.workspace.checkpoint(values["model"])
    how = step.content["how"]
    tuning = FineTuning(**{**how, "schedule": Schedule(**how["schedule"])})
    made = prune_and_tune_channels(
        worker.workspace,
        source,
        ChannelPruning.from_json(step.content["cut"]),
        tuning,
        worker.device,
        worker.hooks,
    )
    return made.result.id, _files(made.result), {"arch": source.arch, "data": source.data}


def _search(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    model = worker.workspace.checkpoint(values["model"])
    settings = SearchSettings.from_json(step.content["settings"])
    where = Selection(step.content.get("select_on", "validation"), step.content["tiles"])
    found = search_plan(worker.workspace, model, settings, where, worker.hooks)
    if found.stopped:
        raise Cancelled()
    path = search_path(worker.home, model, settings, where)
    about = {"arch": model.arch, "data": model.data, "tiles": found.tiles}
    return path.stem, [path], about


def _measure(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    checkpoint = worker.workspace.checkpoint(values["model"])
    plan = _plan(worker, step, values, checkpoint)
    measure_plan(worker.workspace, checkpoint, plan, hooks=worker.hooks.silent)
    key = result_key(checkpoint, plan, "test", "auto")
    about = {"arch": checkpoint.arch, "data": checkpoint.data}
    return key, [worker.home.results / f"{key}.json"], about


def _plan(worker: Worker, step: Step, values: dict[str, str], checkpoint: Checkpoint) -> Plan:
    if "search" in values:
        path = worker.home.folder("searches") / f"{values['search']}.json"
        return SearchResult.from_json(json.loads(path.read_text())).plan
    how = step.content
    if how["bits"] == 32 and not how["k"]:
        return Plan({}, method="float")
    model = worker.workspace.model(checkpoint)
    return uniform_plan(model, how["bits"], how["k"], **preset(how["quantizer"]).how)


def _files(checkpoint: Checkpoint) -> list[Path]:
    return [path for path in checkpoint.path.iterdir() if not path.name.startswith(".")]


DOING: dict[str, Callable[[Worker, Step, dict[str, str]], Done]] = {
    TRAIN: _train,
    CHOOSE: _choose,
    NARROW: _narrow,
    SEARCH: _search,
    MEASURE: _measure,
}
