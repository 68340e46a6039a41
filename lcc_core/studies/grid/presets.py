"""The tables of the papers as studies, and small ones to begin with."""

from __future__ import annotations

from typing import Any

from lcc_core.errors import require
from lcc_core.studies.grid.study import Study

# What each shows, and its settings. The data may be exchanged for any other of the same kind.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "first-look": (
        "Bits × pruning of the compact network on the demo tiles: a few minutes.",
        {"data": ["demo"], "bits": [32, 8, 4, 3, 2], "k": [0, 0.5, 1.0], "recipe": {"epochs": 12}},
    ),
    "coreset-compression": (
        "Coresets and compression (TerraBytes 2025): what is left of a tenth of the tiles.",
        {
            "data": ["eurosat"],
            "archs": ["resnet18", "mobilenet_v3_small"],
            "fractions": [1, 0.1, 0.05],
            "coresets": ["random", "forgetting", "margin", "ccs"],
            "bits": [32, 8, 4],
            "k": [0, 0.5],
            "quantizers": ["papers"],
            "recipe": {"preset": "coreset-paper"},
        },
    ),
    "adaptive-bits": (
        "Adaptive bit-width: fixed bits and pruning against bits chosen layer by layer.",
        {
            "data": ["eurosat"],
            "archs": ["resnet18"],
            "methods": ["fixed", "laq", "lap", "laq+lap"],
            "bits": [32, 8, 7, 6, 5, 4, 3, 2, 1],
            "k": [0, 0.25, 0.5, 1.0, 1.5],
            "margins": [0.5],
            "quantizers": ["papers", "own"],
        },
    ),
    "channel-pruning": (
        "Channel pruning by attention (RemoteTrimmer): narrower networks, fine-tuned.",
        {
            "data": ["eurosat"],
            "archs": ["resnet18"],
            "splits": ["70/30"],
            "channels": [0, 0.3, 0.5, 0.7],
            "bits": [32, 8, 4],
            "tuning": {"criterion": "attention", "recipe": {"loss": "mining"}},
        },
    ),
    "hyperspectral": (
        "Hyperspectral networks on random and spatially disjoint splits, pruned and quantized.",
        {
            "data": ["pavia_university"],
            "archs": ["cnn1d", "cnn2d", "cnn3d"],
            "splits": ["30/10/60", "blocks-30/10/60"],
            "seeds": [0, 1, 2],
            "redraw": True,
            "bits": [32, 8, 4, 3],
            "k": [0, 0.5, 1.0],
        },
    ),
}


def preset(name: str) -> Study:
    require(name in PRESETS, "preset", name, f"one of {', '.join(PRESETS)}")
    return Study.from_json({"name": name, **PRESETS[name][1]})
