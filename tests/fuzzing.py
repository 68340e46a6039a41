"""Load hostile and damaged packed files in a process of its own, and tell what each took.

``python tests/fuzzing.py COUNT`` prints one JSON object: of COUNT random mutations and of every
forged file how many loaded, were refused, raised anything else, took over a second of processor
time, or over 300 MB.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from hostile_files import hostile, huge, mutate, small

from lcc_core.checkpoints.packed import load_packed
from lcc_core.errors import CheckpointError

MOST_S, MOST_MB = 1.0, 300.0


def peak_mb() -> float:
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def forget_peak() -> None:
    """Where it can be, the peak is counted from now on; else all files share one."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def try_all(files: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"files": 0, "loaded": [], "refused": 0}
    found |= {"other": [], "slow": [], "large": [], "slowest_s": 0.0, "largest_mb": 0.0}
    for name, content in files:
        forget_peak()
        before, began = peak_mb(), time.process_time()
        try:
            load_packed(content)
            found["loaded"].append(name)
        except CheckpointError as error:
            found["refused"] += 1
            if not error.fix:
                found["other"].append(f"{name}: no way out is told")
        except BaseException as error:
            found["other"].append(f"{name}: {type(error).__name__}: {error}")
        took, grown = time.process_time() - began, peak_mb() - before
        found["files"] += 1
        found["slowest_s"] = max(found["slowest_s"], round(took, 3))
        found["largest_mb"] = max(found["largest_mb"], round(grown, 1))
        if took > MOST_S:
            found["slow"].append(f"{name}: {took:.2f} s")
        if grown > MOST_MB:
            found["large"].append(f"{name}: {grown:.0f} MB")
    return found


def main(count: int) -> None:
    # What is imported at the first use of an architecture is no file's fault.
    load_packed(small())
    with contextlib.suppress(CheckpointError):
        load_packed(huge("regnet_y_3_2gf"))
    chance = np.random.default_rng(13)
    mutations = ((f"mutation {n}", mutate(small(), chance)) for n in range(count))
    result = {"forged": try_all(hostile().items()), "mutated": try_all(mutations)}
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]))
