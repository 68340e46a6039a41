"""The noun ``Study``: a grid of settings, as an analyst writes it down."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcc_core.channels import ChannelPruning
from lcc_core.channels.schedule import Schedule
from lcc_core.errors import LccError, require
from lcc_core.files import check_name, content_id
from lcc_core.reading import check_settings, check_values, read_text, value_of
from lcc_core.settings import changed_settings, settings_json
from lcc_core.studies.axis import axes
from lcc_core.studies.common import COMMON, LATER, Common
from lcc_core.training import make_recipe
from lcc_core.training.finetuned import FineTuning
from lcc_core.training.recipe import Recipe

MOST_POINTS = 100_000
CUT = ("criterion", "scope")  # of the tuning: which channels go
TABLES = ("recipe", "tuning")
LARGEST_FILE = 2**20  # bytes of TOML
# What a training that starts from a checkpoint does not take from the first one's recipe.
NOT_AGAIN = ("epochs", "weights", "attention")


@dataclass(frozen=True, init=False)
class Study:
    """Every combination of the values of its axes is a point.

    Attributes:
        name: for people; decides nothing.
        values: axis → its values, for all axes there are.
        common: what holds for all points.
        recipe: overrides for every training.
        tuning: criterion, scope and epochs for models that lose channels.
    """

    name: str
    values: dict[str, tuple[Any, ...]]
    common: Common
    recipe: dict[str, Any]
    tuning: dict[str, Any]

    def __init__(self, data: Any, **said: Any) -> None:
        """Make a study of what differs from the defaults.

        Args:
            data: names of data sets.
            said: values of other axes, ``name``, ``recipe``, ``tuning`` and common settings.

        Raises:
            LccError: a key that a study does not have.
            ValueError: a value that cannot be.
        """
        said["data"] = data
        known = {one.name: one for one in axes()}
        common = {name: said.pop(name) for name in COMMON if name in said}
        name = said.pop("name", "study")
        tables = {name: dict(value_of(said, name, dict, {})) for name in TABLES}
        foreign = sorted(set(said) - set(known) - set(TABLES))
        if foreign:
            every = sorted({*known, *COMMON, *TABLES, "name"})
            raise LccError(f"A study has no setting {foreign[0]!r}.", f"It has {', '.join(every)}.")
        value_of({"name": name}, "name", str)
        check_name(name)
        values = {
            one.name: one.checked(said[one.name]) if one.name in said else one.default
            for one in known.values()
        }
        for key, value in (
            ("name", name), ("values", values), ("common", Common(**common)), *tables.items(),
        ):  # fmt: skip
            object.__setattr__(self, key, value)
        # Before anything is enumerated: a few short lists can ask for billions.
        require(self.size <= MOST_POINTS, "points", self.size, f"{MOST_POINTS:,} or fewer")
        unsaid = all(self[name] == known[name].default for name in ("bits", "k"))
        require(
            unsaid or not self["plans"], "plans", self["plans"], "empty where bits or k are said"
        )
        self._check_tables()

    def _check_tables(self) -> None:
        check_values([self.recipe, self.tuning])
        for name in ("seed", "arch", "start", "distil"):
            require(name not in self.recipe, "recipe", name, "left out: the grid sets it")
        check_settings(Recipe, self.recipe, "recipe")
        cut = {key: value for key, value in self.tuning.items() if key in CUT}
        check_settings(ChannelPruning, cut, "tuning")
        twice = "criterion" in cut and len(self["criteria"]) > 0
        require(not twice, "criteria", self["criteria"], "left out where [tuning] has a criterion")
        tuning = {key: value for key, value in self.tuning.items() if key not in CUT}
        check_settings(FineTuning, tuning, "tuning")
        check_settings(Recipe, tuning.get("recipe", {}), "tuning.recipe")
        for arch in self["archs"]:
            make_recipe(arch, **self.recipe)
        self.narrowing({"ratio": 0.5, "seed": 0}, self.recipe)

    def __getitem__(self, axis: str) -> tuple[Any, ...]:
        """The values of an axis."""
        return self.values[axis]

    def changed(self, **said: Any) -> Study:
        """The same study with other values."""
        return Study(**{**self._said(), **said})

    def _said(self) -> dict[str, Any]:
        common = settings_json(self.common)
        tables = {"recipe": self.recipe, "tuning": self.tuning}
        return {**self.values, **common, **tables, "name": self.name}

    @property
    def data(self) -> tuple[str, ...]:
        """The data sets."""
        return self.values["data"]

    @property
    def size(self) -> int:
        """The number of points, counted without enumerating them."""
        # So many of the points so far have these values of the axes that later ones look at.
        counts: Counter[tuple[tuple[str, Any], ...]] = Counter({(): 1})
        ordered = axes()
        for place, axis in enumerate(ordered):
            needed = {name for later in ordered[place + 1 :] for name in later.depends}
            after: Counter[tuple[tuple[str, Any], ...]] = Counter()
            for state, count in counts.items():
                values = axis.taken(self, dict(state))
                kept = tuple((name, value) for name, value in state if name in needed)
                if axis.one not in needed:
                    after[kept] += count * len(values)
                    continue
                for value in values:
                    after[(*kept, (axis.one, value))] += count
            counts = after
        return sum(counts.values())

    @property
    def id(self) -> str:
        """Equal for studies that ask for the same, whatever they are called and in any order."""
        lists = {
            one.name: sorted(self[one.name])
            for one in axes()
            if not (one.later and self[one.name] == one.default)
        }
        changed = changed_settings(self.common)
        common = {
            name: value
            for name, value in settings_json(self.common).items()
            if name in changed or name not in LATER
        }
        return content_id({**lists, **common, "recipe": self.recipe, "tuning": self.tuning})

    def started(self, recipe: Mapping[str, Any]) -> dict[str, Any]:
        """Of a recipe, what a training that starts from such a model's weights takes."""
        return {key: value for key, value in recipe.items() if key not in NOT_AGAIN}

    def narrowing(
        self, asked: Mapping[str, Any], recipe: Mapping[str, Any]
    ) -> tuple[ChannelPruning, FineTuning]:
        """How channels are removed, and how the rest is trained on.

        Args:
            asked: ``ratio`` and ``seed``; ``criterion`` and ``schedule`` where a point has them.
            recipe: of the training before.
        """
        chosen = {name: self.tuning[name] for name in CUT if name in self.tuning}
        cut: dict[str, Any] = {"criterion": "l1", **chosen}
        if "criterion" in asked:
            cut["criterion"] = asked["criterion"]
        how = {key: value for key, value in self.tuning.items() if key not in CUT}
        own = self.started(recipe) | how.pop("recipe", {}) | {"seed": asked["seed"]}
        if asked.get("schedule"):
            how["schedule"] = Schedule(asked["schedule"])
        return (
            ChannelPruning(ratio=asked["ratio"], seed=asked["seed"], **cut),
            FineTuning(recipe=own, **how),
        )

    def to_json(self) -> dict[str, Any]:
        """As files keep it: without what came later and was not said."""
        content: dict[str, Any] = {"name": self.name}
        for one in axes():
            if not (one.later and self[one.name] == one.default):
                content[one.name] = list(self[one.name])
        changed = changed_settings(self.common)
        for name, value in settings_json(self.common).items():
            if name in changed or name not in LATER:
                content[name] = value
        return content | {"recipe": self.recipe, "tuning": self.tuning}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Study:
        """Raises ``LccError`` for keys that a study does not have, ``ValueError`` for values."""
        if "data" not in content:
            raise LccError("The study names no data.", 'Add a line such as data = ["demo"].')
        return cls(**content)

    def to_toml(self) -> str:
        """The study as a file that a person can change."""
        content = self.to_json()
        tables = {name: content.pop(name) for name in TABLES}
        lines = [f"{name} = {_toml(value)}" for name, value in content.items()]
        for name, table in tables.items():
            if table:
                lines += ["", f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in table.items())]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Study:
        """Read a study's file; errors as :meth:`from_json`."""
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
