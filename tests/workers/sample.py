"""Requests whose work is known, for tests; in a module that worker processes can import."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lcc_core.errors import DataError, require
from lcc_core.hooks import Hooks, Progress
from lcc_core.workers import Request
from lcc_core.workspace import Workspace


@dataclass(frozen=True)
class Square(Request):
    """n², after ``gate`` exists where one is named. Leaves a mark for every time it runs."""

    n: int
    marks: str
    gate: str = ""
    of: str = ""

    @property
    def subject(self) -> str:
        return self.of

    def run(self, workspace: Workspace, hooks: Hooks) -> Any:
        mark = Path(self.marks) / f"{self.n}-{os.getpid()}-{time.monotonic_ns()}"
        mark.write_text(str(torch.get_num_threads()))
        hooks.progress(Progress("square", 0, 1, lasting=True, figures={"n": self.n}))
        while self.gate and not Path(self.gate).exists():
            hooks.check()
            time.sleep(0.005)
        return self.n**2


@dataclass(frozen=True)
class Failing(Request):
    """Fails as ``how`` says."""

    how: str

    def run(self, workspace: Workspace, hooks: Hooks) -> Any:
        if self.how == "told":
            raise DataError("There is nothing.", "Bring something.")
        if self.how == "setting":
            require(False, "k", -1, "0 or more")
        if self.how == "value":
            raise ValueError("a bug")
        if self.how == "unpicklable":
            return lambda: None
        if self.how == "dies":
            os._exit(3)
        raise KeyError("a bug")


@dataclass(frozen=True)
class DiesOnce(Request):
    """Kills its worker the first time."""

    marks: str

    def run(self, workspace: Workspace, hooks: Hooks) -> Any:
        mark = Path(self.marks) / "died"
        if not mark.exists():
            mark.touch()
            os._exit(3)
        return "alive"
