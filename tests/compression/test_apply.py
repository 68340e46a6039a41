"""Plans, and what applying them does to a model."""

from __future__ import annotations

import json

import pytest
import torch
from tiny import part

from lcc_core.compression import LayerSetting, Plan, apply, uniform_plan
from lcc_core.compression.presets import preset
from lcc_core.compression.pruning import keep_mask
from lcc_core.errors import LccError
from lcc_core.models import (
    Classifier,
    ModelSpec,
    build,
    compressible_layers,
    skeleton,
    weight_of,
)


@pytest.fixture(scope="module")
def model() -> Classifier:
    """The compact net with the normalisation of a trained one."""
    torch.manual_seed(1)
    made = build(ModelSpec("compact", ("a", "b", "c"), (0.5,) * 3, (0.2,) * 3)).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return made


@pytest.fixture(scope="module")
def tiles() -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8, generator=generator)


def state(model: Classifier) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("bits", [32, 8, 1])
def test_original_is_untouched(model: Classifier, bits: int) -> None:
    before = state(model)
    result = apply(model, uniform_plan(model, bits, 0.5))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not torch.equal(weight_of(result.model, "head"), weight_of(model, "head"))


def test_unknown_layer(model: Classifier) -> None:
    with pytest.raises(LccError, match=r"no layer 'layer9\.conv'.*Make a new plan"):
        apply(model, Plan({"layer9.conv": LayerSetting(4)}))


@torch.no_grad()
def test_folding_keeps_the_logits(model: Classifier, tiles: torch.Tensor) -> None:
    plan = uniform_plan(model, 8)
    folded = apply(model, plan).model
    exact = apply(model, Plan(plan.layers, sides="float32")).model
    assert (part(folded, "stem.1").running_mean == 0).all()
    assert torch.equal(part(exact, "stem.1").running_mean, part(model, "stem.1").running_mean)
    assert torch.allclose(folded(tiles), exact(tiles), atol=1e-2)
    assert torch.allclose(folded(tiles), model(tiles), atol=0.5)


@torch.no_grad()
def test_float_plan_changes_nothing(model: Classifier, tiles: torch.Tensor) -> None:
    plan = uniform_plan(model)
    assert plan.is_float and plan.id == Plan({}).id
    assert torch.equal(apply(model, plan).model(tiles), model(tiles))


@pytest.mark.parametrize("bits", [32, 8, 2, 1])
@pytest.mark.parametrize("k", [0.0, 1.0])
def test_weights_and_sparsity(model: Classifier, bits: int, k: float) -> None:
    result = apply(model, uniform_plan(model, bits, k))
    for layer in compressible_layers(model):
        weight = weight_of(result.model, layer.name)
        assert result.sparsity[layer.name] == pytest.approx(float((weight == 0).float().mean()))
        assert (weight[~keep_mask(weight_of(model, layer.name), k)] == 0).all()
        if bits < 32:
            assert torch.equal(weight, result.codes[layer.name].dequantize())
    assert (len(result.codes) > 0) == (bits < 32)


def test_plan_round_trip(model: Classifier) -> None:
    plan = Plan({"head": LayerSetting(3, 0.25, "tensor", "absmax")}, "test", "float32", {"a": 1})
    for content in (plan.to_json(), json.dumps(plan.to_json())):
        again = Plan.from_json(content)
        assert again == plan and again.id == plan.id


def test_plan_id_is_what_it_does() -> None:
    one = Plan({"a": LayerSetting(4), "b": LayerSetting()}, "x", facts={"f": 1})
    assert one.id == Plan({"a": LayerSetting(4)}, "y").id
    assert one.id != Plan({"a": LayerSetting(5)}).id
    assert one.id != Plan({"a": LayerSetting(4)}, recalibrate=64).id
    assert Plan({}).id == Plan({}, recalibrate=64).id
    assert one.id != Plan({"a": LayerSetting(4)}, sides="float32").id


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"layers": 3}', '{"layers": {"a": {"b": 1}}}']
)
def test_no_plan(content: str) -> None:
    with pytest.raises(LccError, match="not a plan"):
        Plan.from_json(content)


@pytest.mark.parametrize(
    "wrong", [{"bits": 9}, {"bits": 0}, {"prune_k": -1}, {"granularity": "row"}, {"scale": "max"}]
)
def test_settings_are_checked(wrong: dict) -> None:
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        LayerSetting(**wrong)


def test_depthwise_layers_are_spared_but_for_the_papers_quantizer() -> None:
    spec = ModelSpec("mobilenet_v3_small", ("a", "b"), (0.5,) * 3, (0.2,) * 3)
    model = skeleton(spec)
    kinds = {layer.name: layer.kind for layer in compressible_layers(model)}
    depthwise = {name for name, kind in kinds.items() if kind.startswith("depthwise")}
    assert len(depthwise) == 11
    ours = uniform_plan(model, 3, 0.5)
    assert {n for n, one in ours.layers.items() if (one.bits, one.prune_k) == (8, 0)} == depthwise
    assert {one.bits for name, one in ours.layers.items() if name not in depthwise} == {3}
    for plan in (
        uniform_plan(model, 3, 0.5, preset("papers").quantizer),
        uniform_plan(model, 3, 0.5, spare_depthwise=False),
    ):
        assert {(one.bits, one.prune_k) for one in plan.layers.values()} == {(3, 0.5)}
    assert uniform_plan(model, 32, 0.0).is_float
