"""A small network traced by hand: steps, cuts, folded norms, what runs in place."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import NAMES, part
from torch import Tensor, nn
from torch.nn import functional as F

from lcc_core.compression.replay.execution import Execution, Folded, affine
from lcc_core.compression.replay.program import Program
from lcc_core.models import Classifier, ModelSpec

SPEC = ModelSpec("compact", NAMES, (0.5,) * 3, (0.25,) * 3)


class Small(nn.Module):
    """Two convolutions with norms, an addition in place, a shared norm, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(4, 4, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4)
        self.act2 = nn.ReLU6()
        self.swish = nn.Hardswish(inplace=True)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.first(x)))  # steps 0, 1, 2
        y = self.act2(self.norm2(self.second(x)))  # 3, 4, 5
        y += x  # 6, an addition to the tracer
        y = self.swish(y * self.scale)  # 7, 8
        return self.head(y.mean((2, 3)))  # 9, 10


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    made = Classifier(Small(), SPEC).eval()
    with torch.no_grad():
        for norm in (part(made, "norm"), part(made, "norm2")):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.5)
            norm.running_mean.normal_(0, 0.5)
            norm.running_var.uniform_(0.5, 2)
    return made


@pytest.fixture
def x() -> Tensor:
    return torch.randn(5, 3, 6, 6, generator=torch.Generator().manual_seed(1))


def test_steps_and_where_each_layer_begins(model: Classifier) -> None:
    program = Program(model)
    names = [
        "first",
        "norm",
        "act",
        "second",
        "norm2",
        "act2",
        "add",
        "mul",
        "swish",
        "mean",
        "head",
    ]
    assert [node.name for node in program.steps] == names
    assert program.at == {"first": 0, "second": 3, "head": 10}
    assert program.called == ["first", "second", "head"]
    assert program.norm_of == {"first": "norm", "second": "norm2"}
    assert program.norms == ["norm", "norm2"]
    assert {n: program.position[n] for n in ("first", "norm2", "swish", "head")} == {
        "first": 0, "norm2": 4, "swish": 8, "head": 10,
    }  # fmt: skip
    assert [node.name for node in program.fixed] == ["scale"]
    assert program.input.name not in names and program.output.name == "head"


def test_what_lives_across_each_cut(model: Classifier) -> None:
    program = Program(model)
    live = [[node.name for node in program.live(cut)] for cut in range(12)]
    given = program.input.name
    assert live == [
        [given], ["first"], ["norm"], ["act"], ["act", "second"], ["act", "norm2"],
        ["act", "act2"], ["add"], ["mul"], ["swish"], ["mean"], ["head"],
    ]  # fmt: skip


def test_only_what_nobody_else_reads_is_overwritten(model: Classifier) -> None:
    """``act`` follows a layer through its norm, as ``act2`` does; ``swish`` follows a product."""
    program = Program(model)
    assert {node.name for node in program.in_place} == {"act", "act2"}


class Read(nn.Module):
    """Activations whose input someone else reads, at once or through the norm."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 1) for _ in range(3))
        self.norm, self.alone = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.act = nn.ModuleList([nn.ReLU(inplace=i >= 2) for i in range(5)])
        self.head = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        x = self.act[0](a) + a  # a is read twice
        n = self.norm(self.b(x))
        x = self.act[1](n) * n  # so is the norm
        x = self.act[2](x)  # of a product
        x = self.act[3](self.alone(x))  # of a norm without a layer
        x = self.act[4](self.c(x) + x)  # of a sum
        return self.head(x.mean((2, 3)))


@torch.no_grad()
def test_what_is_read_twice_is_kept(x: Tensor) -> None:
    torch.manual_seed(3)
    model = Classifier(Read(), SPEC).eval()
    program = Program(model)
    assert {str(node.target) for node in program.in_place} == {"act.4"}
    assert program.norm_of == {"b": "norm"} and program.norms == ["norm", "alone"]
    folded = Folded(program, model.net, "float32")
    got, _ = program.run(folded.input(x), 0, folded.call)
    torch.testing.assert_close(got, model.net(x), rtol=1e-4, atol=1e-4)


class Shared(nn.Module):
    """A layer and a norm that are used twice: neither can be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.once, self.other = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.own = nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.own(self.twice(self.twice(x)))
        x = self.norm(self.once(x))
        x = self.norm(self.other(x))
        return self.head(x.mean((2, 3)))


@torch.no_grad()
def test_what_is_used_twice_is_not_folded(x: Tensor) -> None:
    torch.manual_seed(4)
    model = Classifier(Shared(), SPEC).eval()
    program = Program(model)
    assert program.norm_of == {} and program.at["twice"] == 0 == program.position["twice"]
    folded = Folded(program, model.net, "float32")
    got, _ = program.run(folded.input(x), 0, folded.call)
    torch.testing.assert_close(got, model.net(x), rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", [Execution, Folded])
def test_it_runs_from_any_cut_to_any_other(
    model: Classifier, x: Tensor, kind: type[Execution]
) -> None:
    program = Program(model)
    execution = kind(program, model.net, "float32")
    for name in program.at if kind is Execution else ():
        execution.set_weight(name, part(model, name).weight)
        execution.biases[name] = part(model, name).bias
    truth = model.net(x)
    for cut in range(12):
        wanted = frozenset(program.live(cut))
        given = execution.input(x)
        nothing, values = program.run(given, 0, execution.call, cut, wanted)
        assert nothing is None or cut == 11
        assert set(values) == wanted
        before = {node: value.clone() for node, value in values.items()}
        got, kept = program.run(values, cut, execution.call)
        torch.testing.assert_close(got, truth, rtol=1e-4, atol=1e-4)
        assert kept == {}
        # What runs in place may overwrite only what no cut can keep: after a folded norm.
        if cut not in (1, 2, 4, 5):
            assert all(torch.equal(values[node], before[node]) for node in values)
        assert set(given) == {program.input}


@torch.no_grad()
def test_folded_weights_by_hand(model: Classifier) -> None:
    folded = Folded(Program(model), model.net, "float32")
    first, norm, norm2, head = (part(model, n) for n in ("first", "norm", "norm2", "head"))
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(folded.weights["first"], first.weight * scale[:, None, None, None])
    shift = norm.bias + (first.bias - norm.running_mean) * scale
    torch.testing.assert_close(folded.biases["first"], shift)
    scale2, shift2 = affine(norm2)
    torch.testing.assert_close(scale2, norm2.weight / (norm2.running_var + 1e-5).sqrt())
    torch.testing.assert_close(shift2, norm2.bias - norm2.running_mean * scale2)
    torch.testing.assert_close(folded.biases["second"], shift2)
    assert torch.equal(folded.weights["head"], head.weight)
    bias = folded.biases["head"]
    assert bias is not None and torch.equal(bias, head.bias)


@torch.no_grad()
def test_only_what_is_named_is_taken_over(model: Classifier, x: Tensor) -> None:
    program = Program(model)
    folded = Folded(program, model.net, "bf16")  # copies
    before = {name: weight.clone() for name, weight in folded.weights.items()}
    with torch.no_grad():
        for parameter in model.net.parameters():
            parameter.mul_(1.5)
    folded.refresh(model.net, ["second"], [])
    changed = {name for name in before if not torch.equal(before[name], folded.weights[name])}
    assert changed == {"second"}
    folded.refresh(model.net, list(program.at), program.norms)
    fresh = Folded(program, model.net, "bf16")
    assert all(torch.equal(fresh.weights[name], folded.weights[name]) for name in before)


def test_the_net_itself_is_not_touched(model: Classifier) -> None:
    before = {name: value.clone() for name, value in model.net.state_dict().items()}
    execution = Execution(Program(model.train()), model.net, "bf16")
    assert model.net.training and part(model, "act").inplace and part(model, "swish").inplace
    assert all(parameter.requires_grad for parameter in model.net.parameters())
    assert part(model, "first").weight.dtype == torch.float32
    assert not any(module.training for module in execution.modules.values())
    assert not execution.modules["act"].inplace
    assert execution.modules["first"].weight.dtype == torch.bfloat16 == execution.dtype
    assert not execution.modules["first"].weight.requires_grad
    for name, value in model.net.state_dict().items():
        assert torch.equal(value, before[name])


@torch.no_grad()
def test_bf16_is_close_and_takes_half_the_memory(model: Classifier, x: Tensor) -> None:
    program = Program(model)
    folded = Folded(program, model.net, "bf16")
    given = folded.input(x)[program.input]
    assert given.dtype == torch.bfloat16
    assert given.is_contiguous(memory_format=torch.channels_last)
    got, _ = program.run(folded.input(x), 0, folded.call)
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), model.net(x), rtol=0.05, atol=0.1)


class Attributes(nn.Module):
    """Weights that are read, not called; a value that nobody uses; a method in place."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.ModuleDict({"inner": nn.Linear(3, 5)})
        self.conv, self.unused = nn.Conv2d(5, 5, 1), nn.Conv2d(5, 5, 1)
        self.head = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        inner: Any = self.part["inner"]
        x = F.linear(x.permute(0, 2, 3, 1), inner.weight, inner.bias)  # steps 0, 1
        x = self.conv(x.permute(0, 3, 1, 2))  # 2, 3
        self.unused(x)
        x = x.relu_()
        return self.head(x.mean((2, 3)))


@torch.no_grad()
def test_weights_that_are_read_and_values_that_nobody_uses(x: Tensor) -> None:
    torch.manual_seed(5)
    model = Classifier(Attributes(), SPEC).eval()
    program = Program(model)
    steps = [node.name for node in program.steps]
    assert program.at["part.inner"] == 1 and program.at["conv"] == 3
    assert program.called[0] == "conv" and "part.inner" not in program.called
    execution = Folded(program, model.net, "float32")
    place = steps.index("relu_")
    _, values = program.run(
        execution.input(x), 0, execution.call, place, frozenset(program.live(place))
    )
    assert [node.name for node in values] == ["conv"]
    before = {node: value.clone() for node, value in values.items()}
    got, _ = program.run(values, place, execution.call)
    assert all(torch.equal(values[node], before[node]) for node in values)
    torch.testing.assert_close(got, model.net(x), rtol=1e-4, atol=1e-4)
    execution.set_weight("part.inner", 2 * part(model, "part.inner").weight)
    changed, _ = program.run(execution.input(x), 0, execution.call)
    part(model, "part.inner").weight.mul_(2)
    torch.testing.assert_close(changed, model.net(x), rtol=1e-4, atol=1e-4)


class Between(nn.Module):
    """Other steps lie between a layer and its activation: a cut there would keep its output."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 1) for _ in range(3))
        self.far, self.near = nn.ReLU(), nn.ReLU()
        self.head = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)  # step 0
        c = self.c(self.b(x))  # 1, 2
        return self.head(self.near(c + self.far(a)).mean((2, 3)))  # 4, 3, …


def test_what_a_step_between_could_keep_is_not_overwritten() -> None:
    program = Program(Classifier(Between(), SPEC).eval())
    assert {str(node.target) for node in program.in_place} == {"near"}


class InPlace(nn.Module):
    """A function that is asked to overwrite what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 5, 1), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x), inplace=True).mean((2, 3)))


@torch.no_grad()
def test_functions_in_place_are_not(x: Tensor) -> None:
    torch.manual_seed(6)
    model = Classifier(InPlace(), SPEC).eval()
    program = Program(model)
    execution = Folded(program, model.net, "float32")
    _, values = program.run(execution.input(x), 0, execution.call, 1, frozenset(program.live(1)))
    (value,) = values.values()
    before = value.clone()
    got, _ = program.run(values, 1, execution.call)
    assert torch.equal(value, before) and float(before.min()) < 0
    torch.testing.assert_close(got, model.net(x), rtol=1e-4, atol=1e-4)
