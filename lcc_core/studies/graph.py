"""Study → points, and the graph of steps they need: shared ones stand in it once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lcc_core.compression.uniform import setting_title
from lcc_core.coresets.selection import COMMON, CoresetSettings
from lcc_core.data.splits import lacks_validation
from lcc_core.files import content_id
from lcc_core.measure.measurement import ENGINE
from lcc_core.results.measured import VERSION
from lcc_core.studies.spec import FIXED, Study

SIZE, SHARED = "size", "shared"
ALL = "all"  # the coreset of those that train on everything
NONE = "none"  # the quantizer of a float model
# In the order in which they need each other; what comes later is done first where both can be.
TRAIN, CHOOSE, NARROW, SEARCH, MEASURE = "train", "choose", "narrow", "search", "measure"
KINDS = (TRAIN, CHOOSE, NARROW, SEARCH, MEASURE)


@dataclass(frozen=True)
class Point:
    """One measurement to be; what its method does not use is ``None``."""

    data: str
    arch: str
    split: str
    seed: int
    coreset: str
    fraction: float
    channels: float
    method: str
    bits: int | None
    k: float | None
    margin: float | None
    quantizer: str
    margin_kind: str | None = None
    select_on: str | None = None

    @property
    def title(self) -> str:
        kept = "" if self.fraction == 1 else f", {100 * self.fraction:g} % by {self.coreset}"
        cut = f", {100 * self.channels:g} % of channels off" if self.channels else ""
        return f"{self.arch} on {self.data}{kept}{cut}, seed {self.seed}: {self.how}"

    @property
    def how(self) -> str:
        """The compression alone."""
        if self.method != FIXED:
            how = f"{self.method}, T₀ = {self.margin:g}"
            how += ", adaptive margin" if self.margin_kind == "adaptive" else ""
            how += ", shared margin" if self.margin_kind == "shared" and self.method != SIZE else ""
            how += ", chosen on test tiles" if self.select_on == "test" else ""
        else:
            how = setting_title(self.bits or 32, self.k or 0.0)
        return how + (" (papers')" if self.quantizer == "papers" else "")


@dataclass(frozen=True)
class Step:
    """One piece of work. ``content`` is all that decides its result, and its ``id`` a hash of it.

    ``needs``: role → id of the step whose result it takes.
    """

    kind: str
    content: dict[str, Any]
    needs: dict[str, str] = field(default_factory=dict)
    id: str = ""

    @classmethod
    def make(cls, kind: str, content: dict[str, Any], **needs: str) -> Step:
        whole = {"kind": kind, "content": content, "needs": needs, "version": VERSION}
        if kind == MEASURE:
            whole["engine"] = ENGINE
        return cls(kind, content, needs, content_id(whole, 20))

    @property
    def model(self) -> str:
        """What it works on: steps of one model go to one worker."""
        return self.needs.get("model", self.id)


@dataclass(frozen=True)
class Graph:
    """``points``: id of the measuring step → point. ``steps``: id → step, each after its needs."""

    points: dict[str, Point]
    steps: dict[str, Step]

    def count(self, kind: str) -> int:
        return sum(step.kind == kind for step in self.steps.values())


def points(study: Study) -> Iterator[Point]:
    """Model by model; within a model first what is fixed, then what is searched."""
    for data in study.data:
        for split in study.splits:
            # Without a validation part, how the split was made is a matter of the model.
            made = study.select_on if lacks_validation(split) else (None,)
            for arch in study.archs:
                for seed in study.seeds:
                    for coreset, fraction in _kept(study):
                        for ratio in study.channels:
                            model = (data, arch, split, seed, coreset, fraction, ratio)
                            for where in made:
                                yield from (Point(*model, *how) for how in _plans(study, where))


def _kept(study: Study) -> Iterator[tuple[str, float]]:
    for fraction in sorted(study.fractions, reverse=True):
        if fraction == 1:
            yield ALL, 1.0
        else:
            yield from ((name, fraction) for name in study.coresets)


def _plans(study: Study, where: str | None) -> Iterator[tuple[Any, ...]]:
    """What of a point follows its model. ``where``: on which part this model's searches choose;
    ``None``: on each that the study names."""
    if FIXED in study.methods:
        for bits in study.bits:
            for k in study.k:
                names = (NONE,) if bits == 32 and not k else study.quantizers
                yield from ((FIXED, bits, k, None, name, None, where) for name in names)
    for method in study.methods:
        if method != FIXED:
            kinds = (SHARED,) if method == SIZE else study.margin_kinds
            parts = study.select_on if where is None else (where,)
            for margin, kind, part in itertools.product(study.margins, kinds, parts):
                yield from (
                    (method, None, None, margin, name, kind, part) for name in study.quantizers
                )


def expand(study: Study, fingerprints: Mapping[str, str] | None = None) -> Graph:
    """``fingerprints``: of the data sets by name, so that other tiles make other steps."""
    prints = fingerprints or {}
    found: dict[str, Point] = {}
    steps: dict[str, Step] = {}

    def add(step: Step) -> str:
        steps.setdefault(step.id, step)
        return step.id

    models: dict[tuple, str] = {}
    for point in points(study):
        made = point.select_on if lacks_validation(point.split) else None
        key = (*_trained(point), made, point.coreset, point.fraction, point.channels)
        if key not in models:
            models[key] = _model(study, point, prints.get(point.data, ""), add)
        step = _measured(study, point, models[key], add)
        found[add(step)] = point
    return Graph(found, steps)


def _trained(point: Point) -> tuple[str, str, str, int]:
    return point.data, point.arch, point.split, point.seed


def _model(study: Study, point: Point, fingerprint: str, add: Any) -> str:
    """The id of the step that makes the point's model."""
    content = {
        "data": point.data,
        "fingerprint": fingerprint,
        "arch": point.arch,
        "split": point.split,
        "split_seed": point.seed if study.redraw else 0,
        "seed": point.seed,
        "recipe": dict(study.recipe),
    }
    # Said only where it decides something: 80/20 and 70/30 once had no validation part here.
    if lacks_validation(point.split):
        content["select_on"] = point.select_on
    model = add(Step.make(TRAIN, content))
    if point.fraction < 1:
        settings = CoresetSettings.named(point.coreset, point.fraction, point.seed)
        told = settings.to_json()
        # What once had another value is said; else defaults are left out, and ids stay.
        names = {*COMMON, *settings.entry.older}
        choice = {name: value for name, value in told.items() if name in names}
        chosen = add(Step.make(CHOOSE, choice, model=model))
        longer = {"equal_steps": True} if study.equal_steps else {}
        model = add(Step.make(TRAIN, content | longer, coreset=chosen))
    if point.channels:
        cut, how = study.narrowing(point.channels, point.seed)
        narrow = {"cut": cut.to_json(), "how": how.to_json()}
        model = add(Step.make(NARROW, narrow, model=model))
    return model


def _measured(study: Study, point: Point, model: str, add: Any) -> Step:
    if point.method == FIXED:
        plan = {"bits": point.bits, "k": point.k, "quantizer": point.quantizer}
        return Step.make(MEASURE, plan, model=model)
    kind = point.margin_kind or "fixed"
    settings = study.search(point.method, point.margin or 0.0, kind, point.quantizer)
    content = {"settings": settings.to_json(), "tiles": study.tiles}
    if point.select_on == "test":
        content["select_on"] = "test"
    search = add(Step.make(SEARCH, content, model=model))
    return Step.make(MEASURE, {}, model=model, search=search)
