"""Plans, and what applying them does to a model."""

from __future__ import annotations

import json

import pytest
import torch
from plain_compression import kept
from tiny import part

from lcc_core.compression import LayerSetting, Plan, apply, uniform_plan
from lcc_core.compression.compressed import layer_weight, masked, zeros
from lcc_core.compression.presets import preset
from lcc_core.compression.recalibration import Calibration
from lcc_core.errors import Cancelled, LccError
from lcc_core.hooks import Hooks
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
        stays = torch.from_numpy(kept(weight_of(model, layer.name).detach().numpy(), k))
        assert (weight[~stays] == 0).all()
        assert result.pruned is not None
        assert result.pruned[layer.name] == (int((~stays).sum()) if k else 0)
        if bits == 32:
            assert torch.equal(weight, weight_of(model, layer.name) * stays)
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


# Mean 0, Σw² = 24: σ = √(24/8) = √3.
BY_HAND = [[3.0, -1.0, -1.0, -1.0], [-3.0, 1.0, 1.0, 1.0]]


def test_what_becomes_of_a_layer_by_hand() -> None:
    weight = torch.tensor(BY_HAND)
    assert layer_weight(weight, LayerSetting())[0] is weight
    assert layer_weight(weight, LayerSetting())[1] is None
    pruned, codes = layer_weight(weight, LayerSetting(32, 1.0))
    assert pruned.tolist() == [[3, 0, 0, 0], [-3, 0, 0, 0]] and codes is None
    whole, codes = layer_weight(weight, LayerSetting(2, 0.0, "tensor", "absmax"))
    assert codes is not None and codes.codes.tolist() == [[1, 0, 0, 0], [-1, 0, 0, 0]]
    assert whole.tolist() == [[3, 0, 0, 0], [-3, 0, 0, 0]]
    one, codes = layer_weight(weight, LayerSetting(1, 0.0, "tensor"))
    assert one.tolist() == [[1.5, -1.5, -1.5, -1.5], [-1.5, 1.5, 1.5, 1.5]]
    three, codes = layer_weight(weight, LayerSetting(1, 1.0, "tensor"))
    assert three.tolist() == [[3, 0, 0, 0], [-3, 0, 0, 0]]


def test_counts_of_what_is_zero_and_what_is_masked() -> None:
    weight = torch.tensor([*BY_HAND, [0.0, 0.0, 3.0, -3.0]])
    assert zeros(weight) == 2 / 12 and zeros(torch.zeros(3)) == 1
    assert masked(weight, 0.0) == 2  # those that were 0 before
    assert masked(weight, 1.0) == 8  # and six below σ = √(42/12) = 1.87
    assert masked(weight, 10.0) == 12


def test_pruned_counts_what_is_masked_now_and_was_before(model: Classifier) -> None:
    sparse = apply(model, Plan({"head": LayerSetting(32, 1.0)})).model
    before = int((weight_of(sparse, "head") == 0).sum())
    result = apply(sparse, Plan({"stem.0": LayerSetting(2, 0.5)}))
    assert result.pruned is not None and before > 0
    assert result.pruned["head"] == before
    gone = int((~kept(weight_of(model, "stem.0").detach().numpy(), 0.5)).sum())
    assert result.pruned["stem.0"] == gone > 0
    assert sum(result.pruned.values()) == gone + before
    assert set(result.codes) == {"stem.0"} and set(result.pruned) == set(result.sparsity)
    assert (result.recalibrated, result.recalibration_s) == (0, 0)


def test_only_what_the_plan_touches_is_changed(model: Classifier) -> None:
    """Without a quantized layer nothing else is rounded; with one, all sides are."""
    for plan, same in (
        (Plan({"head": LayerSetting(32, 1.0)}), True),
        (Plan({"head": LayerSetting(4)}, sides="float32"), True),
        (Plan({"head": LayerSetting(4)}), False),
    ):
        made = apply(model, plan).model
        rest = {n for n in state(model) if n != "net.head.weight"}
        assert {n for n in rest if torch.equal(state(made)[n], state(model)[n])} == (
            rest if same else rest & set(exact(model))
        )
        assert not made.training


def exact(model: Classifier) -> list[str]:
    """What neither folding nor rounding touches: the weights of the layers, and counters."""
    names = {f"net.{layer.name}.weight" for layer in compressible_layers(model)}
    return [n for n in state(model) if n in names or n.endswith("num_batches_tracked")]


def test_calibration_is_taken_only_where_the_plan_recalibrates(
    model: Classifier, tiles: torch.Tensor
) -> None:
    calibration = Calibration(tiles, "float32")
    plan = uniform_plan(model, 2)
    plain, unasked = apply(model, plan), apply(model, plan, calibration)
    for name, value in state(plain.model).items():
        assert torch.equal(state(unasked.model)[name], value)
    assert (unasked.recalibrated, unasked.recalibration_s) == (0, 0) and not calibration.means
    floats = apply(model, uniform_plan(model, recalibrate=4), calibration)
    assert floats.recalibrated == 0 and not calibration.means
    asked = apply(model, uniform_plan(model, 2, recalibrate=4), calibration)
    assert asked.recalibrated == 4 and "head" in calibration.means
    assert 0 < asked.recalibration_s == round(asked.recalibration_s, 3) < 60


def test_it_stops_between_layers(model: Classifier, tiles: torch.Tensor) -> None:
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        apply(model, uniform_plan(model, 4), hooks=Hooks(should_stop=stop))
    assert len(asked) == 4
    count = len(compressible_layers(model))
    with pytest.raises(Cancelled):  # and between chunks of calibration tiles
        apply(
            model,
            uniform_plan(model, 4, recalibrate=4),
            Calibration(tiles, "float32"),
            Hooks(should_stop=lambda: asked.append(1) or len(asked) > 4 + count),
        )


def test_weights_that_are_not_finite(model: Classifier) -> None:
    broken = apply(model, Plan({})).model
    with torch.no_grad():
        weight_of(broken, "head")[0, 0] = float("nan")
    with pytest.raises(LccError, match=r"weights of 'head\.weight' are not finite"):
        apply(broken, Plan({}))


def test_a_plan_that_recalibrates_needs_tiles(model: Classifier) -> None:
    with pytest.raises(LccError, match="recalibrates on 7 training tiles, and none are at hand"):
        apply(model, uniform_plan(model, 4, recalibrate=7))
    assert apply(model, Plan({}, recalibrate=7)).recalibrated == 0
