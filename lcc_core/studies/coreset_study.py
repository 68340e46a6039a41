"""The coreset experiment: architectures × coresets × plans, each piece made once.

Every piece is found by its content, so that a study that was cut goes on where it was and shares
its trainings and measurements with all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from statistics import mean, stdev
from typing import Any

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.presets import OWN, PAPERS, preset
from lcc_core.compression.search import SearchSettings
from lcc_core.compression.uniform import setting_title, uniform_plan
from lcc_core.coresets import METHODS, CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import save_coreset
from lcc_core.coresets.selection import BALANCED, choices
from lcc_core.data.splits import DEFAULT_PROTOCOL, Split, check_protocol, make_split
from lcc_core.errors import LccError, require
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.measure.measurement import Measurement
from lcc_core.models import ARCHITECTURES
from lcc_core.results.measured import measure_plan
from lcc_core.results.searched import Selection, search_plan
from lcc_core.results.training_cost import TrainingCost, mean_or_none, training_cost
from lcc_core.settings import settings_json
from lcc_core.training import Recipe, make_recipe, train
from lcc_core.training.steps import with_equal_steps
from lcc_core.workspace import Workspace

STUDY_METHODS = ("random", BALANCED + "random", "forgetting", "margin", "ccs")


@dataclass(frozen=True)
class CoresetStudy:
    """What to run. ``recipe``: overrides for every training; ``source``: the checkpoint whose
    scores choose (else each architecture's own, trained on all tiles with the first seed).

    ``bits`` × ``k`` are fixed plans (32 and 0: float); ``searches`` are search methods,
    each on ``tiles`` of the selection part (0: all); ``paper`` takes the papers' quantizer for
    both. ``equal_steps``: coresets are trained for as many steps as all tiles, by the recipe of
    all tiles, instead of as many epochs. ``aum``: of what ``ccs`` takes the area under the margin.
    """

    data: str
    archs: tuple[str, ...]
    methods: tuple[str, ...] = STUDY_METHODS
    fractions: tuple[float, ...] = (1.0, 0.1, 0.05)
    seeds: tuple[int, ...] = (0,)
    protocol: str = DEFAULT_PROTOCOL
    source: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    bits: tuple[int, ...] = (32, 4)
    k: tuple[float, ...] = (0.0,)
    searches: tuple[str, ...] = ()
    t_margin: float = 0.5
    tiles: int = 0
    paper: bool = False
    equal_steps: bool = False
    aum: str = "logits"

    def __post_init__(self) -> None:
        for name in ("archs", "methods", "fractions", "seeds", "bits", "k"):
            require(len(getattr(self, name)) > 0, name, getattr(self, name), "one value or more")
        known = choices()
        for method in self.methods:
            require(method in known, "method", method, f"one of {', '.join(known)}")
        for arch in self.archs:
            archs = ARCHITECTURES.names()
            require(arch in archs, "arch", arch, f"one of {', '.join(archs)}")
        check_protocol(self.protocol)
        for coreset in self.coresets():  # whoever cannot be chosen by says so at once
            coreset.to_json()
        for method in self.searches:
            self.search(method)

    def coresets(self) -> Iterator[CoresetSettings]:
        """Those below the whole, largest first, seed by seed, so that comparisons land early."""
        for seed in self.seeds:
            for fraction in sorted(self.fractions, reverse=True):
                for method in self.methods:
                    settings = self._coreset(method, fraction, seed)
                    if fraction < 1:
                        yield settings

    def _coreset(self, choice: str, fraction: float, seed: int) -> CoresetSettings:
        plain = CoresetSettings.named(choice, fraction, seed)
        own = {"aum": self.aum} if "aum" in settings_json(plain.own) else {}
        return replace(plain, own=METHODS[plain.method].config(**own))

    def search(self, method: str) -> SearchSettings:
        how = preset(PAPERS if self.paper else OWN).how
        margin = "shared" if method == "size" else "fixed"
        return SearchSettings.of(method, **how, t_margin=self.t_margin, margin=margin)


@dataclass(frozen=True)
class StudyRow:
    """One measured plan of one trained model; ``coreset`` is ``None`` for all tiles. ``cost``: of
    the training and of the run that scored the tiles."""

    arch: str
    coreset: CoresetSettings | None
    seed: int
    plan: str
    row: Measurement
    cost: TrainingCost

    @property
    def method(self) -> str:
        return self.coreset.title if self.coreset else "all tiles"

    @property
    def fraction(self) -> float:
        return self.coreset.fraction if self.coreset else 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"row": self.row.to_json(), "method": self.method}


@dataclass(frozen=True)
class StudyMean:
    """The same over seeds; ``spread`` is the standard deviation over two or more. ``scoring_s`` is
    ``None`` where a run that scored is gone."""

    arch: str
    method: str
    fraction: float
    plan: str
    oa: float
    spread: float | None
    seeds: int
    bytes: float
    real_ratio: float
    steps: float
    train_s: float
    scoring_s: float | None


def summarize(rows: list[StudyRow]) -> list[StudyMean]:
    """Means over seeds, in the order in which the rows came."""
    groups: dict[tuple, list[StudyRow]] = {}
    for one in rows:
        key = (one.arch, one.method, one.fraction, one.plan)
        groups.setdefault(key, []).append(one)
    return [
        StudyMean(
            *key,
            oa=mean(one.row.oa for one in group),
            spread=stdev(one.row.oa for one in group) if len(group) > 1 else None,
            seeds=len(group),
            bytes=mean(one.row.bytes for one in group),
            real_ratio=mean(one.row.real_ratio for one in group),
            steps=mean(one.cost.steps for one in group),
            train_s=mean(one.cost.train_s for one in group),
            scoring_s=mean_or_none([one.cost.scoring_s for one in group]),
        )
        for key, group in groups.items()
    ]


def run_coreset_study(
    study: CoresetStudy,
    home: Home,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> list[StudyRow]:
    """Train, choose, train again, compress, measure. ``Cancelled`` keeps all that was finished."""
    return _Runner(study, home, device, hooks).run()


@dataclass(eq=False)
class _Runner:
    study: CoresetStudy
    home: Home
    device: str
    hooks: Hooks
    done: int = 0
    total: int = 0

    def run(self) -> list[StudyRow]:
        study = self.study
        self.workspace = Workspace(self.home)
        self.tiles = self.workspace.tiles(study.data, self.hooks)
        whole = study.seeds if 1 in study.fractions else ()
        coresets = list(study.coresets())
        self.total = len(study.archs) * (len(whole) + len(coresets))
        rows: list[StudyRow] = []
        for arch in study.archs:
            source, split = self._source(arch)
            for seed in whole:
                # Not the source itself: it may have been trained by another recipe.
                model = self._train(arch, split, seed, "all tiles")
                rows += self._measure(model, None, seed)
                self._step()
            for settings in coresets:
                chosen = save_coreset(
                    self.home, choose_coreset(source, self.tiles, split, settings)
                )
                kept = chosen.split(self.tiles)
                model = self._train(arch, kept, settings.seed, chosen.name)
                rows += self._measure(model, settings, settings.seed)
                self._step()
        return rows

    def _source(self, arch: str) -> tuple[Checkpoint, Split]:
        if self.study.source:
            source = self.workspace.checkpoint(self.study.source)
            if source.data != self.study.data:
                raise LccError(
                    f"Checkpoint {source.id} was trained on {source.data}, not {self.study.data}.",
                    "Name one of the same data set, or none.",
                )
            return source, self.workspace.split(source)
        split = make_split(self.tiles, self.study.protocol, self.study.seeds[0])
        return self._train(arch, split, self.study.seeds[0], "all tiles, for the scores"), split

    def _train(self, arch: str, split: Split, seed: int, what: str) -> Checkpoint:
        kept = len(split.train)
        equal = self.study.equal_steps and split.coreset is not None
        whole = split.coreset["of"] if equal and split.coreset else kept
        recipe: Recipe = make_recipe(arch, **{"tiles": whole, **self.study.recipe, "seed": seed})
        if equal:
            recipe = with_equal_steps(recipe, whole, kept)
        return train(
            recipe, self.tiles, split, self.home, self.device,
            self.hooks.told(lambda report: self._pass_on(report, f"{arch}, {what}")),
        )  # fmt: skip

    def _measure(
        self, model: Checkpoint, coreset: CoresetSettings | None, seed: int
    ) -> list[StudyRow]:
        rows = []
        cost = training_cost(self.home, model)
        assert cost is not None  # it was trained here
        for name, plan in self._plans(model):
            row = measure_plan(self.workspace, model, plan, hooks=self.hooks.silent)
            rows.append(StudyRow(model.arch, coreset, seed, name, row, cost))
        return rows

    def _plans(self, checkpoint: Checkpoint) -> Iterator[tuple[str, Plan]]:
        model, study = checkpoint.model(), self.study
        quantizer = preset(PAPERS if study.paper else OWN).how
        for bits in study.bits:
            for k in study.k:
                yield setting_title(bits, k), uniform_plan(model, bits, k, **quantizer)
        where = Selection(tiles=study.tiles)
        for method in study.searches:
            found = search_plan(
                self.workspace, checkpoint, study.search(method), where,
                self.hooks.told(lambda report: self._pass_on(report, "search")),
            )  # fmt: skip
            yield f"{method}, T₀ = {study.t_margin:g}", found.plan

    def _pass_on(self, report: Progress, what: str) -> None:
        """The piece's own progress as a part of the whole."""
        share = report.done / max(report.total, 1)
        self.hooks.progress(
            Progress(
                "study",
                round(1000 * (self.done + share)),
                1000 * self.total,
                f"model {min(self.done + 1, self.total)} of {self.total}, {what}: {report.message}",
            )
        )

    def _step(self) -> None:
        self.done += 1
        self.hooks.progress(
            Progress("study", 1000 * self.done, 1000 * self.total, f"{self.done} of {self.total}")
        )
