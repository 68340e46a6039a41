"""What an axis of a study is, and where all of them are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lcc_core.errors import require
from lcc_core.reading import Shortened, is_kind
from lcc_core.registry import Registry
from lcc_core.settings import Setting

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

MODEL, PLAN = "model", "plan"
LAST = 900
WORDS = {str: "text", int: "whole numbers", float: "numbers"}


@dataclass
class Contents:
    """What decides the steps of one point; every axis writes its part.

    ``train``: the training on all tiles, its ``recipe`` among it. ``source``: how the training
    whose scores choose differs from it. ``choose``: the coreset. ``kept``: what the training on
    the coreset adds. ``student``, ``narrow``: taught by the model, or made narrower; ``None`` where
    the point has none. ``search``: settings of a search, ``None`` for fixed plans. ``fixed``: a
    fixed plan. ``plan``: settings of either that an axis changes.
    """

    train: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    choose: dict[str, Any] | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    student: dict[str, Any] | None = None
    narrow: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    fixed: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)


Values = Callable[["Study", Mapping[str, Any]], Iterable[Any]]
Write = Callable[[Contents, Any, Mapping[str, Any], "Study"], None]


@dataclass(frozen=True)
class Axis:
    """Something that a study varies.

    Attributes:
        name: key of the list in a study's file, and the command line's option.
        one: what one of its values is called in points and tables.
        label: a few words, as they stand beside a control.
        summary: one sentence for someone who does not know it.
        default: its values where a study says nothing.
        kind: str, int or float, of every value.
        write: puts a point's value into the contents of the steps that it decides:
            ``write(contents, value, point, study)``. Without one, other axes read it.
        values: which values it takes, given those of earlier axes: ``values(study, point)``; by
            default all that the study names. ``(None,)`` where it decides nothing.
        depends: names (``one``) of the earlier axes whose values ``values`` looks at.
        of: ``MODEL`` where it makes another model, ``PLAN`` where it compresses it otherwise.
        place: in the order of axes; by default after all others.
        choices: all values there are, where they are few.
        offered: values to offer on a page, where any number may be given.
        low: the least number allowed.
        high: the largest.
        check: raises ``ValueError`` for a value that is none.
        percent: tables and pages show it times 100.
        later: it came after studies were first stored: left out of their ids at its default.
        may_be_empty: an empty list means that it does not say anything.
        column: in tables; by default ``one``.
        quiet: values that tables and titles need not tell.
        hidden: tables tell none of its values: other axes do.
        title: what a point's title says of a value, such as ``"batch 8"``.
    """

    name: str
    one: str
    label: str
    summary: str
    default: tuple[Any, ...]
    kind: type = str
    write: Write | None = None
    values: Values | None = None
    depends: tuple[str, ...] = ()
    of: str = MODEL
    place: int = LAST
    choices: Callable[[], Iterable[Any]] | None = None
    offered: Callable[[], Iterable[Any]] | None = None
    low: float = float("-inf")
    high: float = float("inf")
    check: Callable[[Any], None] | None = None
    percent: bool = False
    later: bool = True
    may_be_empty: bool = False
    column: str = ""
    quiet: tuple[Any, ...] = (None,)
    hidden: bool = False
    title: Callable[[Any], str] | None = None

    @property
    def heading(self) -> str:
        """The column in tables."""
        return self.column or self.one

    def taken(self, study: Study, point: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values it takes beside those that earlier axes have taken."""
        return tuple(self.values(study, point)) if self.values else study[self.name]

    def checked(self, values: Any) -> tuple[Any, ...]:
        """The list as a study keeps it. Raises ``ValueError`` naming what is wrong with it."""
        if isinstance(values, (str, int, float)):  # data = "demo" is as good as data = ["demo"]
            values = (values,)
        elif isinstance(values, list):
            values = tuple(values)
        require(isinstance(values, tuple), self.name, Shortened(values), "a list")
        for one in values:
            require(is_kind(one, self.kind), self.name, Shortened(one), WORDS[self.kind])
        if self.kind is float:
            values = tuple(float(one) for one in values)
        some = len(values) > 0 or self.may_be_empty
        require(some, self.name, values, "one value or more")
        once = len(set(values)) == len(values)
        require(once, self.name, Shortened(values), "free of values that stand twice")
        if self.choices is not None:
            known = tuple(self.choices())
            for one in values:
                said = f"one of {', '.join(map(str, known))}"
                require(one in known, self.name, Shortened(one), said)
        for one in values:
            if self.kind is not str:
                in_range = self.low <= one <= self.high
                require(in_range, self.name, Shortened(one), f"{self.low:g}…{self.high:g}")
            if self.check is not None:
                self.check(one)
        return values

    def shown(self, value: Any) -> Any:
        """A value as tables show it."""
        return round(100 * value, 4) if self.percent and value is not None else value

    def setting(self) -> Setting:
        """The axis as a setting, of which options and controls are made. Loads no model."""
        return Setting(
            self.name, self.kind, self.default, self.label, self.summary, low=self.low,
            high=self.high, many=True, option="--" + self.name.replace("_", "-"),
            metavar=self.one.upper().replace("_", "-"),
        )  # fmt: skip


AXES: Registry[Axis] = Registry("study axis", "lcc_core.studies.axes")


def axes() -> list[Axis]:
    """Every axis there is, each after those that its values depend on."""
    return sorted(AXES, key=lambda one: one.place)
