"""A row of a model whose every figure is known by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import torch
from tiny import NAMES, lived_in, make_tiles

from lcc_core.checkpoints.packed import load_compressed
from lcc_core.compression import Codes, Compressed, LayerSetting, Plan, apply, uniform_plan
from lcc_core.data.splits import make_split
from lcc_core.errors import Cancelled
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure import measure as module
from lcc_core.measure.measure import Origin, Sample, bit_figures, measure, nominal_bits
from lcc_core.measure.measurement import Measurement
from lcc_core.models import compressible_layers, weight_of
from lcc_core.models.device import Compute

TILES, PLAIN = make_tiles(), Compute(precision="float32")
ORIGIN = Origin("c0ffee123456", 123_456, {"protocol": "64/16/20", "seed": 0})
TEST, BESIDE = np.array([0, 1, 13, 14, 26, 40]), np.array([2, 15, 27, 41])
# The truth of TEST is 0 0 1 1 2 3, of BESIDE 0 1 2 3.
ANSWERS = np.array([0, 1, 1, 1, 3, 3, 0, 1, 2, 0])


@pytest.fixture
def row_of(monkeypatch: pytest.MonkeyPatch):
    def made(compressed: Compressed, answers: np.ndarray = ANSWERS, **options: Any):
        def told(model: object, tiles: object, ids: np.ndarray, *how: object) -> np.ndarray:
            asked.append((model, tiles, ids.tolist(), how))
            return answers[: len(ids)]

        monkeypatch.setattr(module, "predict", told)
        asked: list[tuple] = []
        sample = {name: options.pop(name) for name in ("part", "validation") if name in options}
        row = measure(
            compressed, ORIGIN, Sample(TILES, TEST, **sample), **{"latency": False, **options}
        )
        return row, asked

    return made


def test_accuracies_by_hand(row_of) -> None:
    compressed = apply(lived_in(), Plan({}, method="why", facts={"part": "validation"}))
    row, asked = row_of(compressed, validation=BESIDE, compute=PLAIN)
    assert asked[0][0] is compressed.model and asked[0][1] is TILES
    assert asked[0][2] == [*TEST.tolist(), *BESIDE.tolist()]
    assert asked[0][3] == (PLAIN, QUIET)
    assert row.confusion == ((1, 1, 0, 0), (0, 2, 0, 0), (0, 0, 0, 1), (0, 0, 0, 1))
    assert row.oa == 4 / 6 and row.recall == (0.5, 1, 0, 1) and row.aa == 2.5 / 4
    # Chance: Σ truths·answers / 36 = (2·1 + 2·3 + 1·0 + 1·2) / 36.
    assert row.kappa == pytest.approx((4 / 6 - 10 / 36) / (1 - 10 / 36))
    assert row.interval == pytest.approx((0.29999, 0.90323), abs=1e-5)
    assert (row.tiles, row.part, row.precision) == (6, "test", "float32")
    assert (row.validation_oa, row.validation_tiles) == (0.75, 4)
    assert (row.checkpoint, row.float_bytes) == ("c0ffee123456", 123_456)
    assert (row.plan, row.method) == (compressed.plan.id, "why")
    assert (row.data, row.fingerprint, row.synthetic) == ("tiny", TILES.fingerprint, False)
    assert (row.recalibrated, row.recalibration_s) == (0, 0)
    assert row.engine == 2 and row.latency_ms is None
    figures = (row.oa, row.aa, row.kappa, row.validation_oa, *row.recall)
    assert {type(value) for value in figures} == {float}
    taken = datetime.fromisoformat(row.measured)
    assert taken.utcoffset() == timedelta(0) and taken.microsecond == 0
    assert timedelta(0) <= datetime.now(UTC) - taken < timedelta(minutes=5)


def test_without_tiles_to_choose_on(row_of) -> None:
    row, asked = row_of(apply(lived_in(), Plan({})))
    assert asked[0][2] == TEST.tolist()
    assert (row.validation_oa, row.validation_tiles) == (None, 0)
    alone, _ = row_of(apply(lived_in(), Plan({})), part="validation")
    assert (alone.part, alone.validation_oa, alone.validation_tiles) == ("validation", 4 / 6, 6)


def test_a_class_without_tiles_counts_in_no_mean(row_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "predict", lambda *_, **__: np.array([0, 1, 1, 1]))
    row = measure(apply(lived_in(), Plan({})), ORIGIN, Sample(TILES, TEST[:4]), latency=False)
    assert row.recall == (0.5, 1.0, 0.0, 0.0) and row.aa == 0.75


def test_sizes_are_of_the_file_that_is_made(row_of, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[bytes] = []
    pack = module.pack
    monkeypatch.setattr(module, "pack", lambda *a: files.append(pack(*a)) or files[-1])
    compressed = apply(lived_in(), uniform_plan(lived_in(), 4))
    row, _ = row_of(compressed)
    assert row.bytes == len(files[0]) and row.real_ratio == 123_456 / row.bytes
    assert row.is_of(files[0]) and row.file_sha256
    assert row.parameters == sum(p.numel() for p in compressed.model.parameters())
    assert row.macs == module.macs(compressed.model, (16, 16)) > 0
    assert load_compressed(files[0]).plan.id == compressed.plan.id


def test_what_the_file_is_told(row_of, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple] = []
    pack = module.pack
    monkeypatch.setattr(module, "pack", lambda *a: seen.append(a) or pack(*a))
    compressed = apply(lived_in(), uniform_plan(lived_in(), 4))
    row, _ = row_of(compressed, validation=BESIDE)
    assert seen[0][0] is compressed
    assert seen[0][1] == row.for_header() and seen[0][2] == {"split": ORIGIN.split}


def test_latency_is_measured_only_where_asked(row_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "latency_ms", lambda model, size: 7.0 if size == (16, 16) else 0)
    compressed = apply(lived_in(), Plan({}))
    assert row_of(compressed, latency=True)[0].latency_ms == 7
    assert row_of(compressed)[0].latency_ms is None
    monkeypatch.setattr(module, "predict", lambda *_, **__: ANSWERS[:6])
    assert measure(compressed, ORIGIN, Sample(TILES, TEST)).latency_ms == 7  # the default


def test_it_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        measure(
            apply(lived_in(), Plan({})),
            ORIGIN,
            Sample(TILES, TEST),
            hooks=Hooks(should_stop=lambda: True),
        )


def test_recalibration_is_told(row_of) -> None:
    compressed = replace(apply(lived_in(), Plan({})), recalibrated=9, recalibration_s=1.25)
    row, _ = row_of(compressed)
    assert (row.recalibrated, row.recalibration_s) == (9, 1.25)
    assert isinstance(row, Measurement) and len(row.recall) == len(NAMES)


def two_layers(**change: object) -> tuple[Compressed, dict[str, int]]:
    """Float but for the stem at 2 bits and the head at 1 bit, counts and shares made up."""
    model = lived_in()
    plan = Plan(
        {"stem.0": LayerSetting(2), "head": LayerSetting(1), "blocks.0.first.0": LayerSetting()}
    )
    counts = {layer.name: layer.weights for layer in compressible_layers(model)}
    codes = {"head": Codes(torch.ones(weight_of(model, "head").shape), torch.ones(1), 1)}
    values = {"sparsity": {"stem.0": 0.5, "head": 0.25}, "pruned": {"stem.0": 40, "head": 10}}
    return Compressed(model, plan, **{"codes": codes, **values, **change}), counts


def test_bits_by_hand() -> None:
    compressed, n = two_layers()
    total, stem, head = sum(n.values()), n["stem.0"], n["head"]
    rest = total - stem - head
    bits = 2 * stem + head + 32 * rest
    figures = bit_figures(compressed)
    assert figures == {
        "average_bits": pytest.approx(bits / total),
        "sparsity": pytest.approx((0.5 * stem + 0.25 * head) / total),
        "pruned": pytest.approx(50 / total),
        "nominal_ratio": pytest.approx(32 * total / bits),
        "zeros_free_ratio": pytest.approx(32 * total / (bits - 2 * 40 - 10)),
    }


def test_three_values_are_not_one_bit() -> None:
    codes = torch.ones(4, 128)
    codes[1, 3] = 0
    compressed, _ = two_layers(codes={"head": Codes(codes, torch.ones(1), 1)})
    assert nominal_bits(compressed, "head") == pytest.approx(math.log2(3))
    assert nominal_bits(two_layers()[0], "head") == 1
    assert [nominal_bits(compressed, n) for n in ("stem.0", "blocks.0.first.0", "none")] == [
        2,
        32,
        32,
    ]


def test_what_depends_on_an_unknown_mask_is_not_known() -> None:
    figures = bit_figures(two_layers(pruned=None)[0])
    assert figures["pruned"] is None and figures["zeros_free_ratio"] is None
    assert figures["nominal_ratio"] == bit_figures(two_layers()[0])["nominal_ratio"]
    everything = {layer.name: layer.weights for layer in compressible_layers(lived_in())}
    figures = bit_figures(two_layers(pruned=everything)[0])
    assert figures["pruned"] == 1 and figures["zeros_free_ratio"] is None
    none = bit_figures(two_layers(pruned={})[0])
    assert none["pruned"] == 0 and none["zeros_free_ratio"] == none["nominal_ratio"]


def test_a_sample_of_a_split() -> None:
    split = make_split(TILES)
    test = Sample.of(TILES, split)
    assert (test.part, test.ids.tolist()) == ("test", split.test.tolist())
    assert test.validation.tolist() == split.validation.tolist()
    for part in ("validation", "train"):
        other = Sample.of(TILES, split, part)
        assert (other.part, other.ids.tolist()) == (part, split.part(part).tolist())
        assert other.validation.tolist() == [] and other.tiles is TILES
    assert Sample(TILES, TEST).part == "test"
