"""Searching bits and pruning for every layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lcc_core.compression.search import SearchResult, SearchSettings
from lcc_core.engine import SEARCHED, versions
from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.reading import Shortened, is_kind
from lcc_core.settings import config_from, setting
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace


@register
@dataclass(frozen=True, kw_only=True)
class SearchTask(Task):
    """A checkpoint and what may be lost → a plan, measured, and the fixed settings beside it."""

    kind: ClassVar[str] = "search"
    summary: ClassVar[str] = "choose bits and pruning for every layer"
    ways: ClassVar[tuple[str, ...]] = ("memory",)

    checkpoint: str = setting(
        label="Checkpoint", help="An id, or the beginning of one.", metavar="CKPT", positional=True
    )
    settings: SearchSettings = field(default_factory=SearchSettings)
    select_on: str = setting(
        "validation", "Select on",
        "Tiles to choose on; test: as the papers seem to, figures then flatter.",
        choices=("validation", "test"), metavar="validation|test", advanced=True,
    )  # fmt: skip
    tiles: int = setting(0, "Tiles to choose on", "Choose on N tiles (0: all).", low=0)
    memory: float = setting(2.0, "Memory", "For replay.", low=0, unit="GB", metavar="GB")

    def title(self) -> str:
        return f"Search on {self.checkpoint}"

    @property
    def then(self) -> str:
        return "Its plan stands under **Compress**, *adaptive*."

    def engine(self) -> dict[str, int]:
        return versions(*SEARCHED)

    def to_json(self) -> dict[str, Any]:
        content = super().to_json()
        content["settings"]["search"] = self.settings.to_json()
        return content

    @classmethod
    def from_settings(cls, table: Mapping[str, Any]) -> Self:
        rest = dict(table)
        own = rest.pop("search", {})
        if not is_kind(own, dict):
            raise LccError(
                f"search={Shortened(own)} are no settings of a search.", "Write a table."
            )
        search = SearchSettings.from_json(own)
        return config_from(cls, rest, "The task 'search'", settings=search)

    def other_words(self) -> list[str]:
        return self.settings.words()

    @staticmethod
    def found(result: Mapping[str, Any]) -> SearchResult:
        """What the search itself found, of the task's result."""
        names = SearchResult.__dataclass_fields__
        return SearchResult.from_json({k: v for k, v in result.items() if k in names})

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.results.measured import measure_plan
        from lcc_core.results.searched import Selection, rivals, search_plan

        where = Selection(self.select_on, self.tiles)
        checkpoint = workspace.checkpoint(self.checkpoint)
        workspace.tiles(checkpoint.data, hooks)
        budget = int(self.memory * 2**30)
        found = search_plan(workspace, checkpoint, self.settings, where, hooks, budget)
        if found.stopped:
            return found.to_json()
        row = measure_plan(workspace, checkpoint, found.plan, hooks=hooks)
        fixed = rivals(workspace, checkpoint, row, self.settings, hooks)
        return found.to_json() | {
            "measurement": row.to_json(), "fixed": [one.to_json() for one in fixed]
        }  # fmt: skip
