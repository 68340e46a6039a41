"""The state of a run after its last complete epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcc_core.files import atomic_path
from lcc_core.training.dynamics import Dynamics


class ResumeFile:
    """One file beside the checkpoint to be; gone once the checkpoint is there."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "resume.pt"

    def save(self, parts: dict[str, Any], dynamics: Dynamics, log: list[dict]) -> None:
        state = {
            "parts": {name: part.state_dict() for name, part in parts.items()},
            "dynamics": {k: torch.from_numpy(v) for k, v in dynamics.upto(len(log)).items()},
            "log": log,
        }
        with atomic_path(self.path) as path:
            torch.save(state, path)

    def restore(self, parts: dict[str, Any], dynamics: Dynamics, log: list[dict]) -> bool:
        """Fill the parts, the dynamics and the log. False, and nothing changed, if it cannot."""
        if not self.path.is_file():
            return False
        try:
            state = torch.load(self.path, weights_only=True, map_location="cpu")
            rows = state["log"]
            for name, part in parts.items():
                part.load_state_dict(state["parts"][name])
        except Exception:  # a damaged file costs the epochs it held, not the run
            self.discard()
            return False
        dynamics.restore({k: np.asarray(v) for k, v in state["dynamics"].items()}, len(rows))
        log.extend(rows)
        return True

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
