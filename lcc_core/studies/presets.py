"""The tables of the papers as studies, and small ones to begin with."""

from __future__ import annotations

from typing import Any

from lcc_core.errors import require
from lcc_core.studies.spec import Study

# What each shows, and its settings. The data may be exchanged for any other of the same kind. What
# a paper's table leaves open is said in ``OPEN``; "-short" is what runs here in an evening.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "first-look": (
        "Bits × pruning of the compact network on the demo tiles: a few minutes.",
        {"data": ["demo"], "bits": [32, 8, 4, 3, 2], "k": [0, 0.5, 1.0], "recipe": {"epochs": 12}},
    ),
    "coreset-compression": (
        "Coresets and compression (TerraBytes 2025), the poster's: four networks from ImageNet "
        "weights (a download), two data sets.",
        {
            "data": ["eurosat", "ucmerced"],
            "archs": ["convnext_tiny", "swin_t", "efficientnet_v2_s", "regnet_y_3_2gf"],
            "splits": ["80/20"],
            "fractions": [1, 0.1],
            "coresets": ["random", "forgetting", "margin"],
            "methods": ["fixed", "laq", "lap", "laq+lap"],
            "bits": [32, 8, 4],
            "k": [0, 0.5],
            "margins": [0.5],
            "quantizers": ["papers"],
            "margin_kinds": ["adaptive"],
            "select_on": ["test"],
            "recipe": {"preset": "coreset-paper", "weights": "imagenet"},
        },
    ),
    "coreset-compression-short": (
        "The same question to two small networks from scratch, chosen on validation tiles.",
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
    "coreset-equal-steps": (
        "Coresets of the compact network, trained for as many steps as all tiles.",
        {
            "data": ["eurosat"],
            "fractions": [1, 0.1, 0.05],
            "coresets": ["random", "balanced-random", "forgetting", "margin", "ccs"],
            "seeds": [0, 1, 2],
            "bits": [32, 4],
            "equal_steps": True,
            "recipe": {"epochs": 8},
        },
    ),
    "adaptive-bits": (
        "Adaptive bit-width, the paper's: VGG-19, ResNet-18, ResNet-50 by its recipe, 80/20, fixed "
        "and adaptive margin, chosen on the test part as it seems to.",
        {
            "data": ["eurosat"],
            "archs": ["vgg19", "resnet18", "resnet50"],
            "splits": ["80/20"],
            "methods": ["fixed", "laq", "lap", "laq+lap"],
            "bits": [32, 8, 7, 6, 5, 4, 3, 2, 1],
            "k": [0, 0.25, 0.5, 1.0, 1.5],
            "margins": [0.5],
            "quantizers": ["papers"],
            "margin_kinds": ["fixed", "adaptive"],
            "select_on": ["test"],
            "recipe": {"preset": "adaptive-bits-paper"},
        },
    ),
    "adaptive-bits-short": (
        "The same with ResNet-18, our recipe and both quantizers, chosen on validation tiles.",
        {
            "data": ["eurosat"],
            "archs": ["resnet18"],
            "methods": ["fixed", "laq", "lap", "laq+lap"],
            "bits": [32, 8, 7, 6, 5, 4, 3, 2, 1],
            "k": [0, 0.25, 0.5, 1.0, 1.5],
            "margins": [0.5],
            "quantizers": ["papers", "own"],
            "margin_kinds": ["fixed", "adaptive"],
        },
    ),
    "channel-pruning": (
        "Channel pruning by attention (RemoteTrimmer), the authors': ResNet-18 and VGG-16 with "
        "gates from scratch, 160 + 40 epochs, two data sets.",
        {
            "data": ["eurosat", "ucmerced"],
            "archs": ["resnet18", "vgg16"],
            "splits": ["70/30"],
            "channels": [0, 0.3, 0.5, 0.7],
            "bits": [32, 8, 4],
            "select_on": ["test"],
            "recipe": {"preset": "remotetrimmer-paper", "attention": True},
            "tuning": {"criterion": "attention", "epochs": 40, "recipe": {"loss": "mining"}},
        },
    ),
    "channel-pruning-short": (
        "The same with ResNet-18 alone and our recipe: narrower networks, fine-tuned.",
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


# What the papers' presets above had to choose, because it is not stated or could not be verified.
OPEN: dict[str, str] = {
    "coreset-compression": "Known: networks, data sets, coresets, a tenth of the tiles, fixed and "
    "adaptive pruning and bits. Ours: the split, which bits and k, T₀, where it is chosen, the "
    "size of the tiles.",
    "adaptive-bits": "Known: networks, split, recipe, bits 8 to 1, both margins. Ours: which k, "
    "T₀ = 0.5, VGG-19 with batch norm.",
    "channel-pruning": "Known: networks, data sets, split, recipe, ratio 0.7. Ours: the ratios 0.3 "
    "and 0.5, and the bits, which the paper does not quantize to.",
}


def preset(name: str) -> Study:
    require(name in PRESETS, "preset", name, f"one of {', '.join(PRESETS)}")
    return Study.from_json({"name": name, **PRESETS[name][1]})
