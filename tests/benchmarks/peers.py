"""Other toolkits on the same trained network, tiles and bits: time, accuracy, bytes on disk.

Runs in an environment of its own, because their requirements are not ours:

    python -m venv peers && peers/bin/pip install -e '.[peers]' -c constraints.txt
    peers/bin/python tests/benchmarks/peers.py CHECKPOINT [--only NAME …]

Each toolkit chooses weight bits among 8, 4 and 2 per layer where it can, on the same validation
tiles, and saves what it would hand to a user. Activations stay as wide as the toolkit allows. What
cannot be installed or fails is reported as such.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lcc_core.checkpoints.packed import pack
from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint, find_checkpoint
from lcc_core.compression import apply
from lcc_core.compression.recalibration import TILES, calibration_tiles
from lcc_core.compression.search import PlanningInput, SearchSettings, search
from lcc_core.data.catalog import load_tiles
from lcc_core.files import Home
from lcc_core.models import Classifier

BITS = (8, 4, 2)
POINTS = 0.5  # accuracy that may be lost on the tiles of the choice
TARGET_BITS = 4.0  # for toolkits that take a size, not a loss


@dataclass
class Task:
    """The float network and its tiles, normalised float32 (N, 3, H, W)."""

    checkpoint: Checkpoint
    model: Classifier
    chosen_on: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    calibration: Tensor

    def net(self) -> nn.Module:
        return copy.deepcopy(self.model.net).eval()


@dataclass
class Outcome:
    what: str
    seconds: float
    accuracy: float
    bytes: int


def right(net: Callable[[Tensor], Tensor], part: tuple[Tensor, Tensor]) -> float:
    with torch.no_grad():
        hits = sum(
            int((net(x).argmax(1) == y).sum())
            for x, y in zip(part[0].split(128), part[1].split(128), strict=True)
        )
    return hits / len(part[1])


def saved(write: Callable[[Path], object]) -> int:
    """Bytes of everything that ``write`` leaves in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "model")
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def ours(task: Task, method: str, margin: str, raw: tuple[Tensor, Tensor]) -> Outcome:
    tiles = load_tiles(task.checkpoint.data, Home.find())
    calibration = calibration_tiles(tiles, checkpoint_split(task.checkpoint, tiles), TILES)
    settings = SearchSettings.of(method, recalibrate=TILES, margin=margin, t_margin=POINTS)
    found = search(settings, PlanningInput(task.model, *raw, calibration=calibration))
    compressed = apply(task.model, found.plan, calibration)
    return Outcome(
        f"this project, {method}, weights 1-8 bits, packed file",
        found.seconds,
        right(compressed.model.net, task.test),
        len(pack(compressed)),
    )


def quanto(task: Task) -> list[Outcome]:
    from optimum.quanto import freeze, qint2, qint4, qint8, quantize
    from safetensors.torch import save_file

    outcomes = []
    for bits, kind in ((8, qint8), (4, qint4), (2, qint2)):
        net = task.net()
        began = time.perf_counter()
        quantize(net, weights=kind)
        freeze(net)
        seconds = time.perf_counter() - began
        state = {key: value.contiguous() for key, value in net.state_dict().items()}
        outcomes.append(
            Outcome(
                f"optimum-quanto, weights {bits} bits in all layers, safetensors (no search)",
                seconds,
                right(net, task.test),
                saved(lambda path, state=state: save_file(state, str(path))),
            )
        )
    return outcomes


def modelopt(task: Task) -> list[Outcome]:
    import modelopt.torch.opt as mto
    import modelopt.torch.quantization as mtq

    formats = []
    for bits in BITS:
        config = copy.deepcopy(mtq.INT8_WEIGHT_ONLY_CFG)
        for entry in config["quant_cfg"]:
            if entry.get("cfg") and "num_bits" in entry["cfg"]:
                entry["cfg"]["num_bits"] = bits
        formats.append(config)
    net = task.net()
    images, labels = task.chosen_on
    batches = list(zip(images.split(64), labels.split(64), strict=True))
    began = time.perf_counter()
    net, _ = mtq.auto_quantize(
        net,
        constraints={"effective_bits": TARGET_BITS},
        quantization_formats=formats,
        data_loader=batches,
        forward_step=lambda model, batch: model(batch[0]),
        loss_func=lambda output, batch: nn.functional.cross_entropy(output, batch[1]),
        num_calib_steps=len(batches),
        num_score_steps=len(batches),
    )
    seconds = time.perf_counter() - began
    return [
        Outcome(
            f"nvidia-modelopt auto_quantize, weights 8/4/2, {TARGET_BITS:g} bits asked, mto.save",
            seconds,
            right(net.eval(), task.test),
            saved(lambda path: mto.save(net, path)),
        )
    ]


def mct(task: Task) -> list[Outcome]:
    import model_compression_toolkit as toolkit

    net, images = task.net(), task.calibration
    weights = sum(p.numel() for p in net.parameters() if p.ndim > 1)
    core = toolkit.core
    began = time.perf_counter()
    quantized, _ = toolkit.ptq.pytorch_post_training_quantization(
        net,
        lambda: ([part.numpy()] for part in images.split(64)),
        target_resource_utilization=core.ResourceUtilization(
            weights_memory=weights * TARGET_BITS / 8
        ),
        core_config=core.CoreConfig(
            mixed_precision_config=core.MixedPrecisionQuantizationConfig(num_of_images=64)
        ),
    )
    seconds = time.perf_counter() - began
    return [
        Outcome(
            "model-compression-toolkit mixed precision, weights 8/4/2 and activations 8, "
            f"{TARGET_BITS:g} bits asked, state_dict",
            seconds,
            right(quantized, task.test),
            saved(lambda path: torch.save(quantized.state_dict(), path)),
        )
    ]


def aimet(task: Task) -> list[Outcome]:
    from aimet_torch.common.defs import CallbackFunc, QuantizationDataType
    from aimet_torch.mixed_precision import choose_mixed_precision
    from aimet_torch.quantsim import QuantizationSimModel

    dummy, integer = task.chosen_on[0][:1], QuantizationDataType.int
    accuracy = CallbackFunc(lambda model, _: right(model, task.chosen_on))
    forward = CallbackFunc(lambda model, _: right(model, (task.calibration, task.chosen_on[1])))
    began = time.perf_counter()
    sim = QuantizationSimModel(task.net(), dummy, default_param_bw=BITS[0], default_output_bw=16)
    sim.compute_encodings(lambda model: model(task.calibration))
    with tempfile.TemporaryDirectory() as folder:
        choose_mixed_precision(
            sim,
            dummy,
            [((16, integer), (bits, integer)) for bits in BITS],
            accuracy,
            accuracy,
            POINTS / 100,
            folder,
            True,
            forward,
            use_all_amp_candidates=True,
        )
    seconds = time.perf_counter() - began
    return [
        Outcome(
            "aimet-torch AMP, weights 8/4/2 and activations 16, ONNX with encodings",
            seconds,
            right(sim.model, task.test),
            saved(
                lambda path: (
                    path.mkdir(),
                    sim.export(str(path), "model", dummy),
                )
            ),
        )
    ]


PEERS = {"quanto": quanto, "modelopt": modelopt, "mct": mct, "aimet": aimet}


def make_task(name: str, count: int) -> tuple[Task, tuple[Tensor, Tensor]]:
    """The task, and the tiles of the choice as our search takes them."""
    home = Home.find()
    checkpoint = find_checkpoint(home, name)
    tiles = load_tiles(checkpoint.data, home)
    split, model = checkpoint_split(checkpoint, tiles), checkpoint.model()

    def take(ids: np.ndarray) -> tuple[Tensor, Tensor]:
        images = torch.from_numpy(np.ascontiguousarray(tiles.images[ids])).permute(0, 3, 1, 2)
        return images, torch.from_numpy(tiles.labels[ids])

    def normalised(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return model.normalise(part[0]).contiguous(), part[1]

    random = np.random.default_rng(0)
    raw = take(np.sort(random.permutation(split.part(split.selection))[:count]))
    calibration = model.normalise(take(random.permutation(split.train)[:count])[0]).contiguous()
    task = Task(checkpoint, model, normalised(raw), normalised(take(split.test)), calibration)
    return task, raw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--only", nargs="*", choices=["ours", *PEERS], default=["ours", *PEERS])
    parser.add_argument("--tiles", type=int, default=1024, help="to choose and calibrate on")
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    task, raw = make_task(arguments.checkpoint, arguments.tiles)
    print(
        f"{task.checkpoint.arch} on {task.checkpoint.data}: float "
        f"{100 * right(task.model.net, task.test):.2f} % of {len(task.test[1])} test tiles, "
        f"{task.checkpoint.bytes:,} bytes; chosen on {len(raw[1])} tiles"
    )
    for name in arguments.only:
        try:
            if name == "ours":
                outcomes = [ours(task, *how, raw) for how in (("laq", "fixed"), ("size", "shared"))]
            else:
                outcomes = PEERS[name](task)
        except Exception as error:  # one toolkit's failure must not hide the others
            print(json.dumps({"name": name, "failed": f"{type(error).__name__}: {error}"[:300]}))
            continue
        for one in outcomes:
            print(
                f"{one.what}: {one.seconds:.1f} s, {100 * one.accuracy:.2f} %, {one.bytes:,} bytes "
                f"({task.checkpoint.bytes / one.bytes:.1f}×)",
                flush=True,
            )


if __name__ == "__main__":
    main()
