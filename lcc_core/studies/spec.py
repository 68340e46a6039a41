"""The noun ``Study``: a grid of settings, as an analyst writes it down."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lcc_core.channels import ChannelPruning
from lcc_core.compression.greedy.config import MARGINS
from lcc_core.compression.plan import BITS
from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.presets import preset, presets
from lcc_core.compression.search import SearchSettings
from lcc_core.coresets.selection import choices
from lcc_core.data.splits import DEFAULT_PROTOCOL, check_protocol, lacks_validation
from lcc_core.errors import LccError, require
from lcc_core.files import check_name, content_id
from lcc_core.models import ARCHITECTURES
from lcc_core.reading import (
    Shortened,
    check_settings,
    check_values,
    is_kind,
    read_text,
    value_of,
)
from lcc_core.training import make_recipe
from lcc_core.training.finetuned import FineTuning
from lcc_core.training.recipe import Recipe

FIXED = "fixed"
METHODS = (FIXED, *(one.name for one in PLANNERS if one.needs_labels))
LISTS = (
    "data", "archs", "splits", "seeds", "fractions", "coresets", "channels", "methods", "bits",
    "k", "margins", "quantizers", "margin_kinds", "select_on",
)  # fmt: skip
SELECT_ON = ("validation", "test")
# Left out of the id at their defaults, so that studies from before them keep theirs.
LATER = ("margin_kinds", "select_on", "equal_steps")
NUMBERS = ("fractions", "channels", "k", "margins")
MOST_POINTS = 100_000
CUT = ("criterion", "scope")  # of the tuning: which channels go
LARGEST_FILE = 2**20  # bytes of TOML


@dataclass(frozen=True)
class Study:
    """Every combination of the lists is a point.

    A model is a set of ``data``, an architecture, a split, a seed, a share of the training tiles
    (``fractions``, below 1 as each of ``coresets`` chooses them) and a share of ``channels``
    removed. Each model is compressed by ``methods``: "fixed" takes every pair of ``bits`` and
    ``k``, a search every one of ``margins`` (points); both with each of ``quantizers``.

    ``recipe``: overrides for every training. ``tuning``: criterion, scope and epochs for those
    that lose channels. ``tiles``: searches choose on so many (0: all). ``redraw``: the seed draws
    the split too, not only weights and coreset.

    ``margin_kinds``: whether a search's margin is the same for all layers (fixed), times their
    importance (adaptive) or shared; "size" always shares it. ``select_on``: the part that searches
    choose on; "test" is the papers' way. ``equal_steps``: coresets are trained for as many steps
    as all tiles, not as many epochs.
    """

    data: tuple[str, ...]
    archs: tuple[str, ...] = ("compact",)
    name: str = "study"
    splits: tuple[str, ...] = (DEFAULT_PROTOCOL,)
    seeds: tuple[int, ...] = (0,)
    fractions: tuple[float, ...] = (1.0,)
    coresets: tuple[str, ...] = ("ccs",)
    channels: tuple[float, ...] = (0.0,)
    methods: tuple[str, ...] = (FIXED,)
    bits: tuple[int, ...] = (32, 8, 4)
    k: tuple[float, ...] = (0.0,)
    margins: tuple[float, ...] = (0.5,)
    quantizers: tuple[str, ...] = ("own",)
    tiles: int = 0
    redraw: bool = False
    recipe: dict[str, Any] = field(default_factory=dict)
    tuning: dict[str, Any] = field(default_factory=dict)
    margin_kinds: tuple[str, ...] = ("fixed",)
    select_on: tuple[str, ...] = ("validation",)
    equal_steps: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        for name in LISTS:
            self._check_list(name)
        for name, known in (
            ("archs", ARCHITECTURES.names()),
            ("coresets", choices()),
            ("methods", METHODS),
            ("bits", BITS),
            ("quantizers", tuple(presets())),
            ("margin_kinds", MARGINS),
            ("select_on", SELECT_ON),
        ):
            for value in getattr(self, name):
                require(value in known, name, value, f"one of {', '.join(map(str, known))}")
        for data in self.data:
            check_name(data)
        for split in self.splits:
            check_protocol(split)
        for name, low, high in (
            ("fractions", 1e-6, 1),
            ("channels", 0, 0.9),
            ("k", 0, 10),
            ("margins", 0, 100),
            ("seeds", 0, 2**31 - 1),
        ):
            for value in getattr(self, name):
                require(low <= value <= high, name, value, f"{low:g}…{high:g}")
        require(0 <= self.tiles < 2**31, "tiles", self.tiles, "0 (all) or more")
        # Before anything is enumerated: a few short lists can ask for billions.
        require(self.size <= MOST_POINTS, "points", self.size, f"{MOST_POINTS:,} or fewer")
        self._check_tables()

    def _check_tables(self) -> None:
        check_values([self.recipe, self.tuning])
        for name in ("seed", "arch", "start", "distil"):
            require(name not in self.recipe, "recipe", name, "left out: the grid sets it")
        check_settings(Recipe, self.recipe, "recipe")
        cut = {key: value for key, value in self.tuning.items() if key in CUT}
        check_settings(ChannelPruning, cut, "tuning")
        tuning = {key: value for key, value in self.tuning.items() if key not in CUT}
        check_settings(FineTuning, tuning, "tuning")
        check_settings(Recipe, tuning.get("recipe", {}), "tuning.recipe")
        for arch in self.archs:
            make_recipe(arch, **self.recipe)
        self.narrowing(0.5)

    @property
    def size(self) -> int:
        """The number of points, from the lengths of the lists alone."""
        below = sum(fraction < 1 for fraction in self.fractions)
        models = len(self.fractions) - below + below * len(self.coresets)
        for name in ("data", "archs", "seeds", "channels"):
            models *= len(getattr(self, name))
        # Where a split has no validation part, each way of choosing has models of its own.
        lacking = sum(lacks_validation(split) for split in self.splits)
        parts = len(self.select_on)
        of_search = len(self.margins) * len(self.quantizers)
        searches = of_search * sum(
            1 if method == "size" else len(self.margin_kinds)  # it has a margin kind of its own
            for method in self.methods
            if method != FIXED
        )
        fixed = 0
        if FIXED in self.methods:
            fixed = len(self.bits) * len(self.k) * len(self.quantizers)
            # A float model has no quantizer.
            fixed -= (len(self.quantizers) - 1) * (32 in self.bits and 0.0 in self.k)
        whole = len(self.splits) - lacking
        return models * (whole * (fixed + searches * parts) + lacking * parts * (fixed + searches))

    def _check_list(self, name: str) -> None:
        value = getattr(self, name)
        require(isinstance(value, tuple), name, Shortened(value), "a list")
        kind = float if name in NUMBERS else int if name in ("seeds", "bits") else str
        what = {str: "text", int: "whole numbers", float: "numbers"}[kind]
        for one in value:
            require(is_kind(one, kind), name, Shortened(one), what)
        if name in NUMBERS:
            value = tuple(float(one) for one in value)
            object.__setattr__(self, name, value)
        require(len(value) > 0, name, value, "one value or more")
        require(
            len(set(value)) == len(value), name, Shortened(value), "free of values that stand twice"
        )

    @property
    def id(self) -> str:
        """Equal for studies that ask for the same, whatever they are called and in any order."""
        content = self.to_json()
        del content["name"]
        for name in LATER:
            value = content[name]
            usual = type(self).__dataclass_fields__[name].default
            if (tuple(value) if name in LISTS else value) == usual:
                del content[name]
        return content_id({k: sorted(v) if k in LISTS else v for k, v in content.items()})

    def search(self, method: str, margin: float, kind: str, quantizer: str) -> SearchSettings:
        how = preset(quantizer).how
        return SearchSettings.of(method, **how, t_margin=margin, margin=kind)

    def narrowing(self, ratio: float, seed: int = 0) -> tuple[ChannelPruning, FineTuning]:
        """How channels are removed, and how the rest is trained on."""
        cut = {name: self.tuning[name] for name in CUT if name in self.tuning}
        how = {key: value for key, value in self.tuning.items() if key not in cut}
        # It starts from a checkpoint, without gates, and has epochs of its own.
        left_out = ("epochs", "weights", "attention")
        recipe = {key: value for key, value in self.recipe.items() if key not in left_out}
        recipe = recipe | how.pop("recipe", {}) | {"seed": seed}
        return (
            ChannelPruning(ratio=ratio, seed=seed, **{"criterion": "l1", **cut}),
            FineTuning(recipe=recipe, **how),
        )

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in content.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Study:
        """Raises ``LccError`` for keys that a study does not have, ``ValueError`` for values."""
        known = {one.name for one in fields(cls)}
        if foreign := sorted(set(content) - known):
            raise LccError(
                f"A study has no setting {foreign[0]!r}.", f"It has {', '.join(sorted(known))}."
            )
        if "data" not in content:
            raise LccError("The study names no data.", 'Add a line such as data = ["demo"].')
        for name in ("recipe", "tuning"):
            value_of(content, name, dict, {})
        for name, kind in (("name", str), ("tiles", int), ("redraw", bool), ("equal_steps", bool)):
            value_of(content, name, kind, kind())
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        for name in LISTS:  # data = "demo" is as good as data = ["demo"]
            if isinstance(values.get(name), (str, int, float)):
                values[name] = (values[name],)
        return cls(**values)

    def to_toml(self) -> str:
        content = self.to_json()
        tables = {name: content.pop(name) for name in ("recipe", "tuning")}
        order = ["name", *(name for name in content if name != "name")]
        lines = [f"{name} = {_toml(content[name])}" for name in order]
        for name, table in tables.items():
            if table:
                lines += ["", f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in table.items())]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Study:
        return cls.from_json(_parse(text))


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise LccError("The study is not TOML: it is nested too deeply.", "Mend it.") from error
    except ValueError as error:  # also numbers of thousands of digits
        raise LccError(f"The study is not TOML: {error}.", "Mend that line.") from error


def _toml(value: Any) -> str:
    """JSON's spelling is TOML's too, but for tables."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def read_study(path: Path) -> Study:
    """A study from a file, which names it where it has no name of its own."""
    content = _parse(read_text(path, LARGEST_FILE))
    if "name" not in content:
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem)
        content["name"] = plain.strip("-")[:64] or "study"
    return Study.from_json(content)
