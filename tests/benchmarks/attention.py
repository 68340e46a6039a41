"""Channel criteria at equal training, over seeds: attention, norm, l1, random.

    python tests/benchmarks/attention.py [--home DIR] [--data eurosat] [--out FILE]

Every criterion chooses from a source that saw as many epochs: attention trains the plain checkpoint
on with gates, the others train it on without, by the same schedule. As a control, ``norm`` also
chooses from the source that was not trained on. Settings are the same for all and none is chosen on
the test part. What was trained is found again, so a run that was cut goes on where it was; the file
is written anew after every row.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.store import TRAINING_ENGINE, Checkpoint
from lcc_core.data.splits import make_split
from lcc_core.files import Home, write_json
from lcc_core.training import make_recipe, train
from lcc_core.training.finetuned import FineTuning, Pruned, prune_and_tune_channels
from lcc_core.workspace import Workspace

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "attention.json"
CRITERIA = ("attention", "norm", "l1", "random")
SHORTER = "norm, source not trained on"


@dataclass(frozen=True)
class Settings:
    """``source`` epochs from scratch, ``on`` epochs more with or without gates, ``tuning`` after
    channels were removed; one-shot, cross-entropy, groups ranked each for itself."""

    data: str = "eurosat"
    arch: str = "compact"
    split: str = "64/16/20"
    split_seed: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)
    ratios: tuple[float, ...] = (0.3, 0.5, 0.7)
    source: int = 6
    on: int = 3
    tuning: int = 1


def rows(settings: Settings, home: Home) -> Iterator[dict[str, Any]]:
    """One a seed, criterion and ratio; seed by seed, so that what is there can be compared."""
    workspace = Workspace(home)
    tiles = workspace.tiles(settings.data)
    split = make_split(tiles, settings.split, settings.split_seed)
    for seed in settings.seeds:
        recipe = make_recipe(
            settings.arch, epochs=settings.source, seed=seed, tiles=len(split.train)
        )
        source = train(recipe, tiles, split, home)
        for ratio in settings.ratios:
            for name in (*CRITERIA, SHORTER):
                made = _pruned(settings, workspace, source, name, ratio, seed)
                yield _row(made, name, ratio, seed)


def _pruned(
    settings: Settings,
    workspace: Workspace,
    source: Checkpoint,
    name: str,
    ratio: float,
    seed: int,
) -> Pruned:
    how = FineTuning(
        epochs=settings.tuning,
        attention_epochs=settings.on,
        recipe={"seed": seed},
        source_epochs=0 if name == SHORTER else settings.on,
    )
    pruning = ChannelPruning("norm" if name == SHORTER else name, ratio, seed=seed)
    return prune_and_tune_channels(workspace, source, pruning, how)


def _row(made: Pruned, name: str, ratio: float, seed: int) -> dict[str, Any]:
    before = made.attended or made.continued or made.source
    start, end = made.steps[0].made["start"], made.result.accuracy
    extra = len(before.log) if before is not made.source else 0
    row = {
        "criterion": name,
        "ratio": ratio,
        "seed": seed,
        "source_epochs": len(made.source.log) + extra,
        "tuning_epochs": sum(len(step.log) for step in made.steps),
        "source_test": before.accuracy["test"]["oa"],
        "pruned_test": start["test"]["oa"],
        "tuned_test": end["test"]["oa"],
        "tuned_validation": end["validation"]["oa"],
        "test_tiles": end["test"]["tiles"],
        "checkpoint": made.result.id,
    }
    if made.attended:
        row["with_gates_test"] = made.attended.made["with attention"]["test"]["oa"]
    return row


def summary(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means and standard deviations over seeds; differences to ``norm`` seed by seed."""
    groups: dict[tuple[str, float], dict[int, dict[str, Any]]] = {}
    for row in found:
        groups.setdefault((row["criterion"], row["ratio"]), {})[row["seed"]] = row
    means = []
    for (name, ratio), by_seed in groups.items():
        line: dict[str, Any] = {"criterion": name, "ratio": ratio, "seeds": len(by_seed)}
        line["source_epochs"] = sorted({row["source_epochs"] for row in by_seed.values()})
        for figure in ("source_test", "pruned_test", "tuned_test"):
            line[figure] = _spread([row[figure] for row in by_seed.values()])
        norm = groups.get(("norm", ratio), {})
        both = sorted(by_seed.keys() & norm.keys())
        if both and name != "norm":
            gaps = [by_seed[seed]["tuned_test"] - norm[seed]["tuned_test"] for seed in both]
            line["tuned_minus_norm"] = _spread(gaps)
        means.append(line)
    return means


def _spread(values: list[float]) -> dict[str, float | None]:
    return {"mean": mean(values), "stdev": stdev(values) if len(values) > 1 else None}


def machine() -> dict[str, Any]:
    """What decides the figures' last digits; nothing that names the machine."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "architecture": platform.machine(),
        "threads": torch.get_num_threads(),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "training_engine": TRAINING_ENGINE,
    }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = Settings()
    parser.add_argument("--home", default=os.environ.get("LCC_HOME", ""))
    parser.add_argument("--data", default=defaults.data)
    for name in ("source", "on", "tuning"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name), metavar="N")
    parser.add_argument("--seeds", type=int, default=len(defaults.seeds), metavar="N")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args(argv)
    settings = Settings(
        data=chosen.data,
        seeds=tuple(range(chosen.seeds)),
        source=chosen.source,
        on=chosen.on,
        tuning=chosen.tuning,
    )
    found: list[dict[str, Any]] = []
    for row in rows(settings, Home.find(chosen.home)):
        found.append(row)
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "what": "channel criteria at equal training",
            "settings": asdict(settings),
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "summary": summary(found),
            "rows": found,
        }
        write_json(chosen.out, content)
        print(f"{row['criterion']}, {row['ratio']}, seed {row['seed']}: {row['tuned_test']:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
