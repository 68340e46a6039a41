"""Study → points, and the graph of steps they need: shared ones stand in it once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lcc_core.compression.presets import OWN, PAPERS
from lcc_core.compression.uniform import setting_title
from lcc_core.engine import STEP, key_of
from lcc_core.errors import require
from lcc_core.files import content_id
from lcc_core.studies.axes.coresets import ALL
from lcc_core.studies.axes.margin_kinds import SHARED, SIZE
from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axes.quantizers import NONE
from lcc_core.studies.axes.select_on import lacks_validation
from lcc_core.studies.axes.sources import is_checkpoint
from lcc_core.studies.axis import MODEL, PLAN, Axis, Contents, axes
from lcc_core.studies.planning import search_settings
from lcc_core.studies.spec import Study

# In the order in which they need each other; what comes later is done first where both can be.
TRAIN, CHOOSE, DISTIL, NARROW, SEARCH, MEASURE = (
    "train", "choose", "distil", "narrow", "search", "measure",
)  # fmt: skip
KINDS = (TRAIN, CHOOSE, DISTIL, NARROW, SEARCH, MEASURE)


@dataclass(frozen=True)
class Point:
    """One measurement to be.

    ``values``: what is varied → its value, in the order of the axes; what its method does not use
    is ``None``.
    """

    values: tuple[tuple[str, Any], ...]

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return dict(self.values)

    def __getitem__(self, name: str) -> Any:
        return self._by_name[name]

    def get(self, name: str) -> Any:
        """The value of an axis; ``None`` where the point was made without it."""
        return self._by_name.get(name)

    @property
    def data(self) -> str:
        """The data set."""
        return self["data"]

    @property
    def arch(self) -> str:
        """The architecture."""
        return self["arch"]

    @property
    def method(self) -> str:
        """``fixed``, or the planner that searches."""
        return self["method"]

    @property
    def title(self) -> str:
        """The whole point in a line."""
        return f"{self.model}, seed {self['seed']}: {self.how}"

    @property
    def model(self) -> str:
        """What is compressed, but for the seed."""
        kept = ""
        if self["coreset"] != ALL:
            kept = f", {100 * self['fraction']:g} % by {self['coreset']}"
        cut = f", {100 * self['channels']:g} % of channels off" if self["channels"] else ""
        return f"{self.arch} on {self.data}{kept}{cut}{self._told(MODEL)}"

    @property
    def how(self) -> str:
        """The compression alone."""
        if self.method != FIXED:
            kind = self["margin_kind"]
            how = self.method
            how += "" if self["margin"] is None else f", T₀ = {self['margin']:g}"
            how += ", adaptive margin" if kind == "adaptive" else ""
            how += ", shared margin" if kind == SHARED and self.method != SIZE else ""
            how += ", chosen on test tiles" if self["select_on"] == "test" else ""
        else:
            how = setting_title(self["bits"] or 32, self["k"] or 0.0)
        how += self._told(PLAN)
        quantizer = self["quantizer"]
        if quantizer in (NONE, OWN):
            return how
        return f"{how} (papers')" if quantizer == PAPERS else f"{how} ({quantizer})"

    def _told(self, of: str) -> str:
        """What later axes say of their values."""
        parts = [
            f", {axis.title(self[axis.one])}"
            for axis in axes()
            if axis.of == of and axis.title and self.get(axis.one) not in axis.quiet
        ]
        return "".join(parts)

    def flat(self) -> dict[str, Any]:
        """Column → value, as tables show it."""
        return {
            axis.heading: axis.shown(self.get(axis.one))
            for axis in axes()
            if not axis.hidden and not (axis.later and self.get(axis.one) in axis.quiet)
        }


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
        """Make a step, with its id."""
        whole = {"kind": kind, "content": content, "needs": needs, **key_of(*STEP[kind])}
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
        """How many steps of a kind there are."""
        return sum(step.kind == kind for step in self.steps.values())


def points(study: Study) -> Iterator[Point]:
    """Model by model; within a model first what is fixed, then what is searched."""
    ordered = axes()

    def further(place: int, so_far: dict[str, Any]) -> Iterator[Point]:
        """Points with all values of this axis and the later ones."""
        if place == len(ordered):
            yield Point(tuple(so_far.items()))
            return
        axis = ordered[place]
        for value in axis.taken(study, so_far):
            yield from further(place + 1, {**so_far, axis.one: value})

    return further(0, {})


def expand(study: Study, fingerprints: Mapping[str, str] | None = None) -> Graph:
    """The graph of a study.

    Args:
        study: what is asked for.
        fingerprints: of the data sets by name, so that other tiles make other steps.
    """
    return _Builder(study, fingerprints or {}).build()


@dataclass(eq=False)
class _Builder:
    study: Study
    prints: Mapping[str, str]
    steps: dict[str, Step] = field(default_factory=dict)
    models: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def build(self) -> Graph:
        """Build the graph."""
        ordered = axes()
        found = {}
        for point in points(self.study):
            contents = self._contents(point, ordered)
            # Without a validation part, how the split was made is a matter of the model.
            made = point["select_on"] if lacks_validation(point["split"]) else None
            key = (made, *(point[axis.one] for axis in ordered if axis.of == MODEL))
            if key not in self.models:
                self.models[key] = self._model(contents)
            step = self._add(self._measured(contents, self.models[key]))
            other = found.setdefault(step, point)
            if other is not point:
                idle = [axis.name for axis in ordered if point[axis.one] != other[axis.one]]
                require(False, ", ".join(idle), point.title, "something that decides a result")
        return Graph(found, self.steps)

    def _add(self, step: Step) -> str:
        self.steps.setdefault(step.id, step)
        return step.id

    def _contents(self, point: Point, ordered: list[Axis]) -> Contents:
        contents = Contents(train={"recipe": dict(self.study.recipe)})
        values = dict(point.values)
        for axis in ordered:
            if axis.write is not None:
                axis.write(contents, values[axis.one], values, self.study)
        contents.train["fingerprint"] = self.prints.get(point.data, "")
        return contents

    def _model(self, contents: Contents) -> str:
        """The id of the step that makes the point's model."""
        study, train = self.study, contents.train
        if contents.choose is None:
            model = self._add(Step.make(TRAIN, train))
        else:
            needs = {}
            if not is_checkpoint(contents.choose.get("source")):
                needs["model"] = self._add(Step.make(TRAIN, train | contents.source))
            chosen = self._add(Step.make(CHOOSE, contents.choose, **needs))
            model = self._add(Step.make(TRAIN, train | contents.kept, coreset=chosen))
        if contents.student is not None:
            lesson = contents.student | {"recipe": study.started(train["recipe"])}
            model = self._add(Step.make(DISTIL, lesson, model=model))
        if contents.narrow is not None:
            cut, how = study.narrowing(contents.narrow, train["recipe"])
            narrow = {"cut": cut.to_json(), "how": how.to_json()}
            model = self._add(Step.make(NARROW, narrow, model=model))
        return model

    def _measured(self, contents: Contents, model: str) -> Step:
        more: dict[str, Any] = {"answers": True} if self.study.common.answers else {}
        if contents.search is None:
            plan = {"plan": contents.plan} if contents.plan else {}
            return Step.make(MEASURE, contents.fixed | plan | more, model=model)
        settings = search_settings(contents.search, contents.plan).to_json()
        content = {"settings": settings, "tiles": contents.search["tiles"]}
        if "select_on" in contents.search:
            content["select_on"] = contents.search["select_on"]
        search = self._add(Step.make(SEARCH, content, model=model))
        return Step.make(MEASURE, more, model=model, search=search)
