"""The state of a run after its last complete epoch."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcc_core.errors import TrainingError
from lcc_core.files import write_bytes
from lcc_core.training.dynamics import Dynamics
from lcc_core.unreadable import ODD, broken

# What a damaged file leads its reader to.
DAMAGED = (*ODD, RuntimeError, pickle.UnpicklingError)


class ResumeFile:
    """One file beside the checkpoint to be; gone once the checkpoint is there."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "resume.pt"

    def save(self, parts: dict[str, Any], dynamics: Dynamics, log: list[dict[str, Any]]) -> None:
        state = {
            "parts": {name: part.state_dict() for name, part in parts.items()},
            "dynamics": {k: torch.from_numpy(v) for k, v in dynamics.upto(len(log)).items()},
            "log": log,
        }
        # As bytes: the library's own writer tells a full disk as an error of its format.
        content = io.BytesIO()
        torch.save(state, content)
        write_bytes(self.path, content.getvalue())

    def restore(self, parts: dict[str, Any], dynamics: Dynamics, log: list[dict[str, Any]]) -> bool:
        """Fill the parts, the dynamics and the log. False, and nothing changed, if it cannot."""
        try:
            content = io.BytesIO(self.path.read_bytes())
        except FileNotFoundError:
            return False
        except OSError as error:  # it is not damaged, and not ours to drop
            what, fix = broken(f"What was trained before ({self.path})", error, "Move it away.")
            raise TrainingError(what, fix) from error
        try:
            state = torch.load(content, weights_only=True, map_location="cpu")
            rows = state["log"]
            for name, part in parts.items():
                part.load_state_dict(state["parts"][name])
        except DAMAGED:  # it costs the epochs it held, not the run
            self.discard()
            return False
        dynamics.restore({k: np.asarray(v) for k, v in state["dynamics"].items()}, len(rows))
        log.extend(rows)
        return True

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
