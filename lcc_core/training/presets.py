"""The papers' recipes, value by value, and where each value was found.

``PRESETS`` holds what makes a recipe, ``SOURCES`` the same names with their source. A value is

* ``code``: read in the code that the authors published; the file is named;
* ``paper``: stated by the paper as this project's specification quotes it; the paper's own text was
  not at hand to check it again, so no page is named;
* ``differs``: the authors' code does otherwise, as ``where`` tells; what stands there is ours;
* ``open``: not stated, or not verified. What stands there is our choice, and ``where`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CODE, PAPER, DIFFERS, OPEN = "code", "paper", "differs", "open"
KINDS = {
    CODE: "the authors' code",
    PAPER: "the paper, as our specification quotes it; page not verified",
    DIFFERS: "the authors' code does otherwise",
    OPEN: "not stated or not verified: our choice",
}


@dataclass(frozen=True)
class Source:
    """Where a value comes from: ``kind`` is one of ``KINDS``. ``value`` is given for what no
    recipe holds (the split, say)."""

    kind: str
    where: str
    value: str = ""


# Papers by key; docs/REFERENCES.md lists them all.
PAPERS = {
    "coreset-paper": "terrabytes2025",
    "adaptive-bits-paper": "shinde2025",
    "remotetrimmer-paper": "zou2024",
}

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "coreset-paper": {
        "epochs": 10,
        "batch": 64,
        "optimizer": "adamw",
        "rate": 5e-4,
        "weight_decay": 0.01,
        "schedule": "constant",
        "label_smoothing": 0.0,
        "class_weights": True,
        "clip": 0.0,
        "decay_norms": True,
    },
    "adaptive-bits-paper": {
        "epochs": 120,
        "batch": 16,
        "optimizer": "sgd",
        "rate": 1e-3,
        "momentum": 0.9,
        "weight_decay": 1e-6,
        "schedule": "plateau",
        "label_smoothing": 0.0,
        "clip": 0.0,
        "decay_norms": True,
    },
    "remotetrimmer-paper": {
        "epochs": 160,
        "batch": 64,
        "optimizer": "sgd",
        "rate": 1e-2,
        "momentum": 0.0,
        "weight_decay": 0.0,
        "schedule": "step",
        "milestones": (0.5, 0.75),
        "gamma": 0.1,
        "label_smoothing": 0.0,
        "augment": False,
        "clip": 0.0,
        "decay_norms": True,
    },
}
# Epochs of fine-tuning after channels were removed, where a paper says so.
TUNING_EPOCHS = {"remotetrimmer-paper": 40}

_PLAIN = "no word of it; none, as the framework does by default"
_KEPT = Source(OPEN, "not stated; ours keeps the last epoch", "last epoch")
_SIZE = Source(OPEN, "not stated here; tiles keep the size they were imported with", "none")
_SIDES = Source(
    OPEN,
    "not stated; ours stores them in two bytes once a layer is quantized, so that the file holds "
    "what was measured",
    "float16 in packed files",
)

SOURCES: dict[str, dict[str, Source]] = {
    "coreset-paper": {
        "epochs": Source(PAPER, "10 epochs"),
        "batch": Source(PAPER, "batches of 64"),
        "optimizer": Source(PAPER, "AdamW"),
        "rate": Source(PAPER, "5e-4"),
        "weight_decay": Source(OPEN, "not stated; the default of the framework's AdamW"),
        "decay_norms": Source(OPEN, _PLAIN.replace("none", "all weights decay")),
        "schedule": Source(OPEN, "not stated; the rate stays as it is"),
        "label_smoothing": Source(OPEN, _PLAIN),
        "class_weights": Source(
            PAPER, "class-weighted cross-entropy; the formula (n / (classes·n_c)) is ours"
        ),
        "clip": Source(OPEN, _PLAIN),
        "augment": Source(OPEN, "not verified; flips and quarter turns are ours"),
        "weights": Source(
            OPEN,
            "the poster starts from ImageNet; left to --weights imagenet, which needs a download",
        ),
        "resize": _SIZE,
        "kept weights": _KEPT,
        "biases and norms": _SIDES,
        "split": Source(OPEN, "not verified", "any: --split"),
    },
    "adaptive-bits-paper": {
        "epochs": Source(PAPER, "120 epochs"),
        "batch": Source(PAPER, "batches of 16"),
        "optimizer": Source(PAPER, "SGD"),
        "rate": Source(PAPER, "1e-3"),
        "momentum": Source(PAPER, "0.9"),
        "weight_decay": Source(PAPER, "1e-6"),
        "decay_norms": Source(OPEN, _PLAIN.replace("none", "all weights decay")),
        "schedule": Source(
            PAPER,
            "ReduceLROnPlateau; patience 10 and factor 0.1, the framework's defaults, are assumed",
        ),
        "label_smoothing": Source(OPEN, _PLAIN),
        "clip": Source(OPEN, _PLAIN),
        "augment": Source(OPEN, "not verified; flips and quarter turns are ours"),
        "weights": Source(OPEN, "not verified; from scratch"),
        "resize": _SIZE,
        "kept weights": _KEPT,
        "biases and norms": _SIDES,
        "split": Source(PAPER, "80/20, no validation part", "--split 80/20"),
        "networks": Source(
            OPEN,
            "which VGG-19 is not stated; ours has batch norm, as the plain one does not "
            "train from scratch here",
            "vgg19, resnet18, resnet50",
        ),
    },
    "remotetrimmer-paper": {
        "epochs": Source(CODE, "train.py: epoch = 160; fine_tune.py: epoch = 40"),
        "batch": Source(CODE, "train.py, fine_tune.py: batch_size=64"),
        "optimizer": Source(CODE, "train.py, fine_tune.py: torch.optim.SGD"),
        "rate": Source(CODE, "train.py, fine_tune.py: learning_rate = 1e-2"),
        "momentum": Source(CODE, "train.py: SGD without momentum"),
        "weight_decay": Source(
            CODE, "train.py: SGD without weight decay; L1 of norms switched off"
        ),
        "decay_norms": Source(CODE, "train.py: nothing decays, so it makes no difference"),
        "schedule": Source(CODE, "train.py: the rate changes at two epochs"),
        "milestones": Source(CODE, "train.py, fine_tune.py: i in [epoch*0.5, epoch*0.75]"),
        "gamma": Source(CODE, "train.py, fine_tune.py: lr *= 0.1"),
        "label_smoothing": Source(CODE, "train.py: nn.CrossEntropyLoss()"),
        "clip": Source(CODE, "train.py: no clipping"),
        "augment": Source(CODE, "train.py: ToTensor and Normalize alone, no flips or affine"),
        "weights": Source(CODE, "train.py: resnet18_SE(10), not pretrained"),
        "resize": Source(CODE, "train.py: Resize is commented out; 64×64 as they are", "none"),
        "attention": Source(
            CODE,
            "train.py trains resnet18_SE, gates included, from scratch: lcc train --attention",
            "off: --attention turns it on",
        ),
        "loss": Source(
            CODE,
            "fine_tune.py: the mining loss MyLoss(r1=1, r2=1) stands beside a plain cross-entropy, "
            "which is the one switched on; the paper fine-tunes with the mining loss: "
            "lcc prune-channels --loss mining",
            "cross-entropy",
        ),
        "channels kept": Source(
            DIFFERS,
            "pruning.py leaves round_to unset, and Torch-Pruning keeps int(n·(1 − ratio)); ours "
            "rounds to the nearest and keeps eight or more (--floor)",
            "round(n·(1 − ratio))",
        ),
        "initialisation": Source(
            DIFFERS,
            "resnet18_SE.py starts the last norm of each block at zero; ours is torchvision's "
            "default, which does not",
            "torchvision's",
        ),
        "normalisation": Source(
            DIFFERS,
            "train.py: fixed means (0.408, 0.380, 0.340) and deviations (0.116, 0.137, 0.203)",
            "measured on the training part",
        ),
        "kept weights": Source(
            DIFFERS,
            "train.py and fine_tune.py keep the epoch that is best on the test part; ours keeps "
            "the last",
            "last epoch",
        ),
        "biases and norms": Source(
            OPEN, "nothing is quantized there; ours as for every plan", "float32 while float"
        ),
        "split": Source(
            CODE,
            "train.py: random_split, 70 % and the rest, seed 66; ours draws within each class",
            "--split 70/30",
        ),
    },
}


def sources(preset: str) -> Mapping[str, Source]:
    """Where the values of ``preset`` come from; none for ours."""
    return SOURCES.get(preset, {})
