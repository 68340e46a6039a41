"""Write docs/PRESETS.md from the recipes and their sources: ``python docs/make_presets.py``."""

from __future__ import annotations

from pathlib import Path

from lcc_core.training.presets import KINDS, PAPERS, PRESETS, TUNING_EPOCHS
from lcc_core.training.recipe import explain, make_recipe

OUT = Path(__file__).with_name("PRESETS.md")
HEAD = """# The papers' recipes, value by value

Made by `docs/make_presets.py` from `lcc_core/training/presets.py`; do not edit. Papers by key:
[REFERENCES.md](REFERENCES.md). `lcc train --arch A --preset P --explain` tells the same.

| source | means |
|---|---|
"""


def text() -> str:
    """The whole page."""
    parts = [HEAD + "".join(f"| `{kind}` | {meaning} |\n" for kind, meaning in KINDS.items())]
    for preset in PRESETS:
        if preset not in PAPERS:
            continue
        tuned = TUNING_EPOCHS.get(preset)
        more = f" Fine-tuning after channels were removed: {tuned} epochs." if tuned else ""
        lines = [f"## `{preset}`\n", f"Paper: [{PAPERS[preset]}].{more}\n"]
        lines += ["| what | value | source | where |", "|---|---|---|---|"]
        lines += [
            f"| {row['name'].replace('_', ' ')} | {row['value']} | `{row['kind']}` "
            f"| {row['where']} |"
            for row in explain(make_recipe("resnet18", preset))
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(text())
