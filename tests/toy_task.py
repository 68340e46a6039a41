"""A kind of long work from outside the package; whoever wants it registers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lcc_core.hooks import Hooks, Progress
from lcc_core.settings import setting
from lcc_core.tasks import Task
from lcc_core.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class SumTask(Task):
    """The sum of some numbers."""

    kind: ClassVar[str] = "sum"
    summary: ClassVar[str] = "add numbers up"

    numbers: tuple[int, ...] = setting((1, 2), "Numbers", "What is added.", low=0)

    def title(self) -> str:
        return f"Adding {len(self.numbers)} numbers"

    @property
    def then(self) -> str:
        return "The sum stands **nowhere**."

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        total = 0
        for place, one in enumerate(self.numbers, 1):
            hooks.check()
            total += one
            hooks.progress(Progress("sum", place, len(self.numbers), f"{total} so far"))
        return {"sum": total}
