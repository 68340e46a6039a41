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
from lcc_core.compression.search import SearchResult, SearchSettings
from lcc_core.coresets import CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import read_coreset, save_coreset
from lcc_core.data.scene import Scene
from lcc_core.data.spatial import touching
from lcc_core.data.splits import make_split
from lcc_core.errors import Cancelled, LccError
from lcc_core.files import NO_ROOM, NOT_ALLOWED, Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.logs import fault_line, fault_text
from lcc_core.results.measured import measure_plan, result_key
from lcc_core.results.predicted import predictions
from lcc_core.results.scene_map import throughput
from lcc_core.results.searched import Selection, search_path, search_plan
from lcc_core.studies import records
from lcc_core.studies.graph import CHOOSE, DISTIL, MEASURE, NARROW, SEARCH, TRAIN, Step
from lcc_core.studies.planning import fixed_plan
from lcc_core.studies.records import Record
from lcc_core.training import make_recipe, train
from lcc_core.training.distil import Distil
from lcc_core.training.finetuned import FineTuning, prune_and_tune_channels
from lcc_core.training.start import Start
from lcc_core.training.steps import with_equal_steps
from lcc_core.workspace import Workspace

DEVICE = "auto"
FLOOR = 4  # channels a student's layer keeps at least: the first of cnn3d has eight


@dataclass(frozen=True)
class Outcome:
    """How a step ended: with a ``record``, or with an ``error`` and what to do about it.

    ``traceback``: of a fault of the program. ``fatal``: it is the machine that does not let it
    be done, not the step: the disk is full.
    """

    step: str
    record: Record | None = None
    error: str = ""
    fix: str = ""
    fatal: bool = False
    traceback: str = ""


@dataclass(eq=False)
class Worker:
    """Does steps one after the other and keeps what they share."""

    home: Home
    device: str = DEVICE
    hooks: Hooks = QUIET
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.home)
        self._scenes: dict[str, dict[str, float]] = {}

    def of_scene(self, checkpoint: Checkpoint) -> dict[str, float]:
        """Of a model of a scene, whatever the plan: the share of test patches that share pixels
        with training patches, and pixels mapped a second. Empty for a model of tiles."""
        if checkpoint.id not in self._scenes:
            scene, split = self.workspace.tiles(checkpoint.data), self.workspace.split(checkpoint)
            self._scenes[checkpoint.id] = (
                {
                    "shared": touching(scene, split.train, split.test),
                    "pixels_per_s": throughput(checkpoint.model(), scene),
                }
                if isinstance(scene, Scene)
                else {}
            )
        return self._scenes[checkpoint.id]

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
            details = fault_text(error, f"step {step.id} ({step.kind})")
            return Outcome(step.id, None, fault_line(error), "", _no_place(error), details)


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
    elif "split_of" in content:
        split = worker.workspace.split(_named(worker, content["split_of"], content["data"]))
    else:
        where = content.get("select_on", "test")
        split = make_split(tiles, content["split"], content["split_seed"], where)
    kept = len(split.train)
    equal = content.get("equal_steps", False) and split.coreset is not None
    whole = split.coreset["of"] if equal and split.coreset else kept
    chosen: dict[str, Any] = {"tiles": whole, **content["recipe"], "seed": content["seed"]}
    recipe = make_recipe(content["arch"], **chosen)
    if equal:
        recipe = with_equal_steps(recipe, whole, kept)
    made = train(recipe, tiles, split, worker.home, worker.device, worker.hooks)
    work = recipe.epochs * len(split.train)
    return made.id, _files(made), {"arch": made.arch, "data": made.data, "work": work}


def _named(worker: Worker, checkpoint: str, data: str = "") -> Checkpoint:
    """A checkpoint that the study names. ``LccError`` where it knows other tiles."""
    found = worker.workspace.checkpoint(checkpoint)
    if data and found.data != data:
        raise LccError(
            f"Checkpoint {found.id} was trained on {found.data}, not {data}.",
            "Name one of the same data set, or none.",
        )
    return found


def _choose(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    content = dict(step.content)
    named = content.pop("source", "")
    source = _named(worker, named) if named else worker.workspace.checkpoint(values["model"])
    settings = CoresetSettings.of(content)
    split = worker.workspace.split(source)
    tiles = worker.workspace.tiles(source.data)
    chosen = choose_coreset(source, tiles, split, settings)
    path = worker.home.folder("coresets") / f"{chosen.name}.json"
    if not (path.is_file() and read_coreset(worker.home, chosen.name).id == chosen.id):
        chosen = save_coreset(worker.home, chosen)
    return chosen.name, [path], {}


def _distil(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    """A network with fewer channels, taught by the whole one, whose weights it starts from."""
    teacher, content = worker.workspace.checkpoint(values["model"]), step.content
    tiles, split = worker.workspace.tiles(teacher.data), worker.workspace.split(teacher)
    recipe = FineTuning(recipe=content["recipe"] | {"seed": content["seed"]}).recipe_for(
        teacher.arch,
        len(split.train),
        teacher.recipe["epochs"],
        start=Start(teacher.id, ChannelPruning("norm", content["ratio"], floor=FLOOR)),
        distil=Distil("offline", teacher.id),
    )
    made = train(recipe, tiles, split, worker.home, worker.device, worker.hooks)
    return made.id, _files(made), {"arch": made.arch, "data": made.data}


def _narrow(worker: Worker, step: Step, values: dict[str, str]) -> Done:
    source = worker.workspace.checkpoint(values["model"])
    how = step.content["how"]
    facts: dict[str, Any] = {**how, "schedule": Schedule(**how["schedule"])}
    tuning = FineTuning(**facts)
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
    if step.content.get("answers"):
        predictions(worker.workspace, checkpoint, plan, hooks=worker.hooks.silent)
        about |= worker.of_scene(checkpoint)
    return key, [worker.home.results / f"{key}.json"], about


def _plan(worker: Worker, step: Step, values: dict[str, str], checkpoint: Checkpoint) -> Plan:
    if "search" in values:
        path = worker.home.folder("searches") / f"{values['search']}.json"
        return SearchResult.from_json(json.loads(path.read_text())).plan
    return fixed_plan(worker.workspace.model(checkpoint), step.content)


def _files(checkpoint: Checkpoint) -> list[Path]:
    return [path for path in checkpoint.path.iterdir() if not path.name.startswith(".")]


DOING: dict[str, Callable[[Worker, Step, dict[str, str]], Done]] = {
    TRAIN: _train,
    CHOOSE: _choose,
    DISTIL: _distil,
    NARROW: _narrow,
    SEARCH: _search,
    MEASURE: _measure,
}
