"""How a study is run."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How a study is run; what comes out is the same.

    Attributes:
        jobs: processes at once.
        backend: ``"loky"``, processes on this machine, or ``"dask"``, a cluster.
        scheduler: address of a Dask cluster that is there.
        share: a cluster's workers open the home by its ``"path"``, or get tiles and checkpoints
            by ``"scatter"``.
        device: of trainings.
    """

    jobs: int = 1
    backend: str = "loky"
    scheduler: str = ""
    share: str = "path"
    device: str = "auto"

    @property
    def threads(self) -> int:
        """Of each process."""
        return max(1, (os.cpu_count() or 1) // max(self.jobs, 1))
