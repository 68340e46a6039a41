"""``lcc prune-channels`` and ``lcc prune-weights``: prune by a schedule and fine-tune."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.tasks import add_task
from lcc_core.commands.text import percent, size, table
from lcc_core.tasks.pruning import PruneChannelsTask, PruneWeightsTask, TuningTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    add_task(commands, after, PruneChannelsTask, _pruned)
    add_task(commands, after, PruneWeightsTask, _pruned)


def _pruned(_: TuningTask, result: dict[str, Any], context: Context) -> None:
    from lcc_core.results.against import Against
    from lcc_core.results.lineage import Epochs

    workspace, parts = context.workspace, []
    if narrower := [one for one in result["layers"] if one["kept"] < one["of"]]:
        rows = [(one["layer"], one["kept"], one["of"]) for one in narrower]
        parts.append(table(("layer", "channels", "of"), rows))
    if result["note"]:
        parts.append(result["note"])
    if result["attended"]:
        attended = workspace.checkpoint(result["attended"])
        before = attended.made["with attention"]["test"]["oa"]
        folded = attended.accuracy["test"]["oa"]
        parts.append(
            f"Trained with attention first: {percent(before)} with the gates, {percent(folded)} "
            f"once folded (checkpoint {attended.id})."
        )
    if result["continued"]:
        longer = percent(workspace.checkpoint(result["continued"]).accuracy["test"]["oa"])
        parts.append(f"Trained on first: {longer} (checkpoint {result['continued']}).")
    parts.append(f"Trained for {Epochs(**result['trained']).text} pruning.")
    rows = [
        (
            number,
            percent(step["made"]["start"]["test"]["oa"]),
            step["epochs"],
            percent(step["accuracy"]["test"]["oa"]),
            step["id"],
        )
        for number, step in enumerate(result["steps"], 1)
    ]
    parts.append(table(("step", "pruned", "epochs", "fine-tuned", "checkpoint"), rows))
    both = Against.from_json(result["against"])
    one, other, ratios = both.source, both.result, both.ratios()
    rows = [
        ("test accuracy", percent(one.oa), percent(other.oa), ""),
        ("zeros", percent(one.sparsity), percent(other.sparsity), ""),
        ("parameters", f"{one.parameters:,}", f"{other.parameters:,}", ratios["parameters"]),
        ("MACs", f"{one.macs:,}", f"{other.macs:,}", ratios["macs"]),
        ("float32 file", size(one.float_bytes), size(other.float_bytes), ratios["float_bytes"]),
    ]
    rows += [
        (f"ms, batch {n}", f"{a:.2f}", f"{b:.2f}", ratios[f"latency, batch {n}"])
        for n, (a, b) in both.latency_ms.items()
    ]
    cells = [(*row[:3], f"{row[3]:.2f}× less" if row[3] else "") for row in rows]
    parts.append(table(("", "before", "after", ""), cells))
    parts.append(f"Compress it: lcc compress {result['id']} --bits 4 --out small.lcc")
    context.say("\n\n".join(parts))
