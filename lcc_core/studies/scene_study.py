"""The hyperspectral study: networks × splits × ways to compress, over seeds.

Every piece is found by its content, so a study that was cut goes on where it was. A seed gives
both the split and the weights their randomness, as the field repeats its experiments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from statistics import mean, stdev
from typing import Any

import numpy as np

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.presets import OWN, PAPERS, preset
from lcc_core.compression.uniform import setting_title, uniform_plan
from lcc_core.data.scene import Scene
from lcc_core.data.spatial import touching
from lcc_core.data.splits import Split, check_protocol, make_split
from lcc_core.errors import require
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.measure.measurement import Measurement
from lcc_core.models import Classifier, architectures
from lcc_core.results.measured import measure_plan
from lcc_core.results.predicted import Predictions, predictions
from lcc_core.results.scene_map import as_scene, throughput
from lcc_core.training import Recipe, make_recipe, train
from lcc_core.training.distil import Distil
from lcc_core.training.finetuned import FineTuning
from lcc_core.training.start import Start
from lcc_core.workspace import Workspace

NETWORKS = tuple(architectures(scene=True))
SPLITS = ("30/10/60", "blocks-30/10/60")
FIGURES = ("oa", "aa", "kappa")
FLOOR = 4  # channels a student's layer keeps at least: the first of cnn3d has eight


@dataclass(frozen=True)
class SceneStudy:
    """What to run. ``recipe``: overrides for every training.

    ``bits`` quantize and ``k`` prune, each alone; ``both`` pairs (bits, k) do the two at once.
    ``paper`` takes the papers' quantizer, without recalibration. ``students``: shares of channels
    that a student has fewer than the network, which then teaches it.
    """

    data: str
    archs: tuple[str, ...] = NETWORKS
    protocols: tuple[str, ...] = SPLITS
    seeds: tuple[int, ...] = (0, 1, 2)
    recipe: dict[str, Any] = field(default_factory=dict)
    bits: tuple[int, ...] = (8, 4, 3)
    k: tuple[float, ...] = (0.5, 1.0)
    both: tuple[tuple[int, float], ...] = ((4, 0.5),)
    students: tuple[float, ...] = (0.5,)
    paper: bool = False

    def __post_init__(self) -> None:
        for name in ("archs", "protocols", "seeds"):
            require(len(getattr(self, name)) > 0, name, getattr(self, name), "one value or more")
        for arch in self.archs:
            require(arch in NETWORKS, "arch", arch, f"one of {', '.join(NETWORKS)}")
        for protocol in self.protocols:
            check_protocol(protocol)
        for arch in self.archs:
            make_recipe(arch, **self.recipe)
        for ratio in self.students:
            ChannelPruning(ratio=ratio)

    @property
    def _how(self) -> dict[str, Any]:
        return preset(PAPERS if self.paper else OWN).how

    def variants(self, model: Classifier) -> Iterator[tuple[str, Plan]]:
        """The float model and every way to compress it, by name."""
        how = self._how
        yield "float", Plan({}, method="float")
        for k in self.k:
            yield f"pruned, k = {k:g}", uniform_plan(model, 32, k, **how)
        for bits in self.bits:
            yield f"{bits} bits", uniform_plan(model, bits, 0.0, **how)
        for bits, k in self.both:
            yield setting_title(bits, k), uniform_plan(model, bits, k, **how)

    def student_variants(self, model: Classifier) -> Iterator[tuple[str, Plan]]:
        """A student as it is, and at the fewest bits that are asked for at once with pruning."""
        yield "", Plan({}, method="float")
        for bits, k in self.both:
            yield f", {setting_title(bits, k)}", uniform_plan(model, bits, k, **self._how)

    def student_recipe(self, teacher: Checkpoint, ratio: float, tiles: int) -> Recipe:
        """Training of the network without ``ratio`` of its channels, taught by the whole one."""
        own = {name: value for name, value in self.recipe.items() if name != "epochs"}
        how = FineTuning(recipe=own | {"seed": teacher.recipe["seed"]})
        start = Start(teacher.id, ChannelPruning("norm", ratio, floor=FLOOR))
        lesson = Distil("offline", teacher.id)
        epochs = teacher.recipe["epochs"]
        return how.recipe_for(teacher.arch, tiles, epochs, start=start, distil=lesson)


@dataclass(frozen=True)
class SceneRow:
    """One measured plan of one trained model. ``shared``: the share of test patches that share
    pixels with training patches; ``pixels_per_s``: of the network, whatever the plan; ``seen``: its
    answers on the test part, and ``truth`` the classes there."""

    arch: str
    protocol: str
    seed: int
    plan: str
    shared: float
    pixels_per_s: float
    row: Measurement
    seen: Predictions = field(repr=False, compare=False)
    truth: np.ndarray = field(repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Without the single answers: they lie among the stored predictions."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        del told["seen"], told["truth"]
        return told | {"row": self.row.to_json()}


@dataclass(frozen=True)
class SceneMean:
    """Means over seeds; ``spread``: standard deviations of OA, AA and κ over two or more."""

    arch: str
    protocol: str
    plan: str
    oa: float
    aa: float
    kappa: float
    spread: tuple[float, float, float] | None
    seeds: int
    bytes: float
    real_ratio: float
    latency_ms: float
    pixels_per_s: float
    shared: float


def summarize(rows: list[SceneRow]) -> list[SceneMean]:
    groups: dict[tuple[str, str, str], list[SceneRow]] = {}
    for row in rows:
        groups.setdefault((row.arch, row.protocol, row.plan), []).append(row)
    found = []
    for key, group in groups.items():
        values = {name: [getattr(one.row, name) for one in group] for name in FIGURES}
        spread = tuple(stdev(values[name]) for name in FIGURES) if len(group) > 1 else None
        found.append(
            SceneMean(
                *key,
                **{name: mean(values[name]) for name in FIGURES},
                spread=spread,
                seeds=len(group),
                bytes=mean(one.row.bytes for one in group),
                real_ratio=mean(one.row.real_ratio for one in group),
                latency_ms=mean(one.row.latency_ms or 0.0 for one in group),
                pixels_per_s=mean(one.pixels_per_s for one in group),
                shared=mean(one.shared for one in group),
            )
        )
    return found


def run_scene_study(
    study: SceneStudy,
    home: Home,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> list[SceneRow]:
    """Train, compress and measure; what is there already is not made again."""
    workspace = Workspace(home)
    scene = as_scene(workspace.tiles(study.data, hooks))
    runs = [(p, a, s) for s in study.seeds for a in study.archs for p in study.protocols]
    total = len(runs) * (1 + len(study.students))
    work = _Work(study, workspace, scene, device, hooks, total)
    rows: list[SceneRow] = []
    for place, (protocol, arch, seed) in enumerate(runs, 1):
        work.what = f"run {place} of {len(runs)}, {arch}, {protocol}, seed {seed}"
        rows += work.run(arch, make_split(scene, protocol, seed))
    hooks.progress(Progress("study", 1000 * total, 1000 * total, work.what))
    return rows


@dataclass(eq=False)
class _Work:
    """One network after the other: trained, compressed, measured; then its students."""

    study: SceneStudy
    workspace: Workspace
    scene: Scene
    device: str
    hooks: Hooks
    total: int
    done: int = 0
    what: str = ""

    def run(self, arch: str, split: Split) -> Iterator[SceneRow]:
        study = self.study
        recipe = make_recipe(arch, **{**study.recipe, "seed": split.seed})
        teacher = self._train(recipe, split)
        yield from self._measure(teacher, study.variants(teacher.model()), split)
        for ratio in study.students:
            recipe = study.student_recipe(teacher, ratio, len(split.train))
            student = self._train(recipe, split)
            name = f"taught, {100 * ratio:g} % fewer channels"
            variants = study.student_variants(student.model())
            yield from self._measure(student, ((name + how, plan) for how, plan in variants), split)

    def _train(self, recipe: Recipe, split: Split) -> Checkpoint:
        made = train(
            recipe,
            self.scene,
            split,
            self.workspace.home,
            self.device,
            self.hooks.told(self._pass_on),
        )
        self.done += 1
        return made

    def _pass_on(self, report: Progress) -> None:
        done = self.done + report.done / max(report.total, 1)
        message = f"{self.what}: {report.message or report.stage}"
        self.hooks.progress(Progress("study", round(1000 * done), 1000 * self.total, message))

    def _measure(
        self, checkpoint: Checkpoint, variants: Iterable[tuple[str, Plan]], split: Split
    ) -> Iterator[SceneRow]:
        speed = throughput(checkpoint.model(), self.scene)
        shared = touching(self.scene, split.train, split.test)
        truth = self.scene.labels[split.test]
        for name, plan in variants:
            what = (self.workspace, checkpoint, plan)
            row = measure_plan(*what, hooks=self.hooks.silent)
            seen = predictions(*what, hooks=self.hooks.silent)
            key = (checkpoint.arch, split.protocol, split.seed, name)
            yield SceneRow(*key, shared, speed, row, seen, truth)
