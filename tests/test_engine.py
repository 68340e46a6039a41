"""What the engine yields does not change without its version in ``lcc_core/engine.py``.

Each test makes one noun's yield of fixed weights and tiles and compares it with what stands in
``GOLDEN`` beside the version. A change that is meant: raise ``ENGINE[noun]``, and put both the
version and the new yield here.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny_scene as scenes
import torch
from made_rows import row
from tiny import make_tiles, spec
from torch.nn.modules.batchnorm import _BatchNorm

from lcc_core import engine
from lcc_core.channels import ChannelPruning, prune_channels
from lcc_core.compression import apply, importance
from lcc_core.compression.plan import Plan
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.quantizers.symmetric import Symmetric, quantize
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.search import SearchSettings, search
from lcc_core.compression.uniform import uniform_plan
from lcc_core.coresets import CoresetSettings
from lcc_core.coresets.scores import Scores
from lcc_core.coresets.selection import choices, select
from lcc_core.data.scene import Scene
from lcc_core.data.splits import make_split
from lcc_core.engine import ENGINE
from lcc_core.files import Home
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measure import Origin, Sample, measure
from lcc_core.models import Classifier, ModelSpec, build
from lcc_core.models.device import Compute
from lcc_core.results.measured import cached_measurement, measure_plan
from lcc_core.results.scene_map import draw_map
from lcc_core.results.table import ResultRow, flat, newest, own_rows
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace


def hashed(*arrays: Any) -> str:
    """A hash of whole numbers, texts or truths."""
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(np.asarray(array)).tobytes())
    return whole.hexdigest()[:12]


def agreed(noun: str, found: Any) -> None:
    """Compare a yield with what stands in ``GOLDEN``; figures within a thousandth."""
    version, known = GOLDEN[noun]
    advice = (
        f"What {noun!r} yields has changed: raise ENGINE[{noun!r}] in lcc_core/engine.py, then "
        f"write the version and this yield into GOLDEN: {found!r}"
    )
    assert ENGINE[noun] == version, advice
    assert _plain(found) == _plain(known), advice
    assert _figures(found) == pytest.approx(_figures(known), rel=1e-3, abs=1e-6), advice


def _figures(yields: Any) -> list[float]:
    values = yields.values() if isinstance(yields, dict) else yields
    return [value for value in values if isinstance(value, float)]


def _plain(yields: Any) -> dict[Any, Any]:
    """All of it but the figures that depend on the order of sums."""
    items = yields.items() if isinstance(yields, dict) else enumerate(yields)
    return {name: None if isinstance(value, float) else value for name, value in items}


@torch.no_grad()
def draw(model: Classifier, seed: int) -> None:
    """Give a model weights that no version of torch draws otherwise."""
    generator = np.random.default_rng(seed)
    for name, value in model.net.named_parameters():
        scale = value.ndim == 1 and name.endswith("weight")  # of a norm: about 1
        fan_in = value[0].numel() if value.ndim > 1 else 100
        drawn = generator.normal(scale, (2 / fan_in) ** 0.5, tuple(value.shape))
        value.copy_(torch.from_numpy(drawn).float())


@pytest.fixture(scope="module")
def model() -> Classifier:
    """The compact net with weights that no version of torch draws otherwise."""
    made = build(spec())
    draw(made, 3)
    with torch.no_grad():
        norms = [module for module in made.modules() if isinstance(module, _BatchNorm)]
        for module in norms:
            module.momentum = 1.0  # statistics of the tiles below alone
        made.train()(tiles())
    return made.eval()


@pytest.fixture(scope="module")
def answers(model: Classifier) -> np.ndarray:
    """What the float model says of every tile: what compression is to keep."""
    given = make_tiles()
    found = predict(model, given, np.arange(len(given)), Compute(precision="float32"))
    assert len(np.unique(found)) > 1
    return found


def tiles() -> torch.Tensor:
    return torch.from_numpy(make_tiles().images).permute(0, 3, 1, 2).contiguous()


def weight() -> torch.Tensor:
    drawn = np.random.default_rng(1).normal(0, 0.1, (16, 8, 3, 3))
    return torch.from_numpy(drawn).float()


def test_quantizer() -> None:
    found = {}
    for granularity, scale in (("tensor", "absmax"), ("channel", "lse")):
        for bits in (8, 4, 3, 2, 1):
            config = Symmetric(bits=bits, granularity=granularity, scale=scale)
            made = quantize(weight(), config, None)
            name = f"{granularity} {scale} {bits}"
            found[f"{name}: codes"] = int(made.codes.abs().sum())
            found[f"{name}: scales"] = float(made.scale.sum())
    agreed("quantizer", found)


def test_pruning() -> None:
    agreed("pruning", {k: hashed(keep_mask(weight(), k).numpy()) for k in (0.25, 0.5, 1.0)})


def test_recalibration(model: Classifier) -> None:
    given, split = make_tiles(), make_split(make_tiles())
    plan = uniform_plan(model, 3, recalibrate=24)
    made = apply(model, plan, calibration_tiles(given, split, 24))
    norms = [m for m in made.model.modules() if isinstance(m, _BatchNorm)]
    found = {
        "weights": sum(float(m.weight.detach().abs().sum()) for m in norms),
        "biases": sum(float(m.bias.detach().abs().sum()) for m in norms),
        "tiles": made.recalibrated,
    }
    agreed("recalibration", found)


def test_importance(model: Classifier) -> None:
    agreed("importance", [one.importance for one in importance(model)])


def test_search(model: Classifier, answers: np.ndarray) -> None:
    labels = torch.from_numpy(answers)
    found = {}
    for method in ("laq", "lap", "size"):
        settings = SearchSettings.of(method, t_margin=5.0)
        plan = search(settings, PlanningInput(model, tiles(), labels)).plan
        found[method] = [(s.bits, s.prune_k) for s in plan.layers.values()]
    agreed("search", {k: hashed(np.array(v)) for k, v in found.items()})


def test_coreset() -> None:
    generator = np.random.default_rng(2)
    n, names = 120, ("a", "b", "c")
    forgetting = generator.integers(0, 5, n).astype(np.float64)
    margin, confidence, aum = (generator.uniform(-1, 1, n) for _ in range(3))
    scores = Scores(forgetting, margin, confidence, aum)
    labels = generator.integers(0, 3, n)
    found = {
        name: hashed(select(scores, labels, names, CoresetSettings.named(name, 0.2, 4)))
        for name in sorted(choices())
        if name.removeprefix("balanced-") in ("random", "forgetting", "margin", "ccs")
    }
    agreed("coreset", found)


def test_narrowing(model: Classifier) -> None:
    found = {}
    for criterion in ("l1", "l2", "norm", "random"):
        made = prune_channels(model, ChannelPruning(criterion, 0.5))
        found[criterion] = hashed(*(group.kept.numpy() for group in made.groups))
    agreed("narrowing", found)


def test_measure(model: Classifier, answers: np.ndarray) -> None:
    given = replace(make_tiles(), labels=answers)
    split = make_split(make_tiles())
    made = apply(model, uniform_plan(model, 3, 0.5))
    origin = Origin("c" * 12, 1_000_000, {"protocol": split.protocol, "seed": 0})
    one = measure(made, origin, Sample.of(given, split, "test"))
    assert one.engine == ENGINE["measure"]
    names = ("oa", "aa", "kappa", "average_bits", "sparsity", "pruned", "nominal_ratio")
    names += ("zeros_free_ratio", "parameters", "macs", "validation_oa", "tiles")
    agreed("measure", {name: getattr(one, name) for name in names} | {"low": one.interval[0]})


def test_map(home: Home) -> None:
    """Of a net of one spectrum's sum; its answers stand in the whole map."""
    scene = scenes.store(home, height=20, width=20)
    made = build(scenes_spec(scene)).eval()
    draw(made, 5)
    classes = draw_map(made, scene, Compute(batch=64, precision="float32")).classes
    agreed("map", np.bincount(classes.ravel(), minlength=4).tolist())


def scenes_spec(scene: Scene) -> ModelSpec:
    mean, std = tuple(map(float, scene.mean)), tuple(map(float, scene.std))
    return ModelSpec("cnn1d", scene.class_names, mean, std, {"patch": scene.patch})


@pytest.mark.parametrize("noun", ["training", "plateau"])
def test_training(noun: str, home: Home) -> None:
    given = make_tiles()
    schedule: dict[str, Any] = {"schedule": "plateau"} if noun == "plateau" else {}
    recipe = make_recipe("compact", epochs=3, batch=8, **schedule)
    made = train(recipe, given, make_split(given), home)
    found = {f"{one['epoch']}: rate": one["rate"] for one in made.log}
    found |= {"mean": float(sum(made.spec.mean)), "follows": made.made.get("plateau", "")}
    # Sums depend on the processor, so losses are told roughly.
    found["loss"] = round(made.log[0]["loss"], 1)
    agreed(noun, found)


# Noun → its version, and what it yields.
GOLDEN: dict[str, tuple[int, Any]] = {
    "quantizer": (
        1,
        {
            "tensor absmax 8: codes": 30356,
            "tensor absmax 8: scales": 0.0029540432151407003,
            "tensor absmax 4: codes": 1654,
            "tensor absmax 4: scales": 0.053594786673784256,
            "tensor absmax 3: codes": 671,
            "tensor absmax 3: scales": 0.1250544935464859,
            "tensor absmax 2: codes": 64,
            "tensor absmax 2: scales": 0.3751634955406189,
            "tensor absmax 1: codes": 1152,
            "tensor absmax 1: scales": 0.07783716171979904,
            "channel lse 8: codes": 43344,
            "channel lse 8: scales": 0.0338592529296875,
            "channel lse 4: codes": 2572,
            "channel lse 4: scales": 0.565399169921875,
            "channel lse 3: codes": 1334,
            "channel lse 3: scales": 1.04437255859375,
            "channel lse 2: codes": 625,
            "channel lse 2: scales": 1.9248046875,
            "channel lse 1: codes": 1152,
            "channel lse 1: scales": 1.245361328125,
        },
    ),
    "pruning": (1, {0.25: "fcd5d6476f55", 0.5: "0b860f91454c", 1.0: "e29face9a441"}),
    "recalibration": (1, {"weights": 902.72705078125, "biases": 373.0991802215576, "tiles": 24}),
    "importance": (
        1,
        [
            0.001400850887205562,
            0.21746076428262934,
            0.21829255497872108,
            0.22528097085015514,
            0.24514919501738816,
            0.02902600749650963,
            0.24493738970298448,
            0.24496090896521852,
            0.26745605229935376,
            0.31186699839043663,
            0.09386997389482382,
            0.3119172351070117,
            0.3119187001059589,
            0.13175697958542507,
        ],
    ),
    "search": (1, {"laq": "d404ec75f063", "lap": "3186fec8162e", "size": "9d3c73bd16eb"}),
    "coreset": (
        1,
        {
            "balanced-ccs": "cc560eb08874",
            "balanced-forgetting": "83a670978a39",
            "balanced-margin": "41a01ac81f6e",
            "balanced-random": "e3f033603319",
            "ccs": "6dada4a7cb2f",
            "forgetting": "91f165b83dcb",
            "margin": "855b812cc458",
            "random": "c67bc973aa43",
        },
    ),
    "narrowing": (
        1,
        {
            "l1": "735e8011ddee",
            "l2": "31234bd471a2",
            "norm": "5d150a23afe8",
            "random": "780dd480f098",
        },
    ),
    "measure": (
        2,
        {
            "oa": 0.625,
            "aa": 0.2777777777777778,
            "kappa": 0.07692307692307693,
            "average_bits": 3.0,
            "sparsity": 0.383246212514268,
            "pruned": 0.38324621251426794,
            "nominal_ratio": 10.666666666666666,
            "zeros_free_ratio": 17.29485393215105,
            "parameters": 309860,
            "macs": 3321152,
            "validation_oa": 0.5,
            "tiles": 8,
            "low": 0.305742392653771,
        },
    ),
    "map": (1, [0, 338, 0, 62]),
    "training": (
        2,
        {
            "1: rate": 0.004978041533150426,
            "2: rate": 0.0013333079677839903,
            "3: rate": 0.00015923297467623687,
            "mean": 1.367761469822304,
            "follows": "",
            "loss": 1.2,
        },
    ),
    "plateau": (
        2,
        {
            "1: rate": 0.006,
            "2: rate": 0.006,
            "3: rate": 0.006,
            "mean": 1.367761469822304,
            "follows": "validation loss",
            "loss": 1.0,
        },
    ),
}


def test_every_noun_has_a_yield() -> None:
    assert set(GOLDEN) == set(ENGINE) == set(engine.FIRST)


def test_keys_change_with_their_nouns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {kind: engine.key_of(*nouns) for kind, nouns in engine.STEP.items()}
    assert before["train"] == {"version": 1}  # as keys were before versions had nouns
    assert before["measure"] == {"version": 1, "engine": 2}
    monkeypatch.setitem(ENGINE, "quantizer", 2)
    after = {kind: engine.key_of(*nouns) for kind, nouns in engine.STEP.items()}
    assert {kind for kind in before if before[kind] != after[kind]} == {"search", "measure"}
    assert after["measure"] == {"version": 1, "engine": 2, "quantizer": 2}


def test_rows_of_an_older_engine_are_told_and_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    old = row("a")
    assert old.older == () and flat(old)["engine"] == ""
    assert "versions" not in old.to_json()  # as rows were
    monkeypatch.setitem(ENGINE, "quantizer", 2)
    assert old.older == ("quantizer",) and flat(old)["engine"] == "older"
    new = replace(old, versions=engine.raised(engine.MEASURED))
    assert new.older == ()
    for rows in ([old, new], [new, old]):
        assert newest(rows) == [new]
    read = ResultRow.from_json(new.to_json())
    assert read.versions == {"quantizer": 2} and read.older == ()
    with pytest.raises(ValueError, match="versions"):
        ResultRow.from_json(new.to_json() | {"versions": {"quantizer": "two"}})


def test_a_raised_version_is_measured_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = make_tiles()
    made = train(make_recipe("compact", epochs=1, batch=16), given, make_split(given), home)
    workspace, plan = Workspace(home, [given]), Plan({}, method="float")
    first = measure_plan(workspace, made, plan)
    assert cached_measurement(home, made, plan) == first
    assert len(list(home.results.iterdir())) == 1
    monkeypatch.setitem(ENGINE, "recalibration", 2)
    assert cached_measurement(home, made, plan) is None
    measure_plan(workspace, made, plan)
    assert len(list(home.results.iterdir())) == 2  # the old one is kept, and told to be old
    [found] = own_rows(home)
    assert found.versions == {"recalibration": 2}
