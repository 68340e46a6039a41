"""What is kept between runs of a small network, and what a run from there costs."""

from __future__ import annotations

import pytest
import torch
from tiny import NAMES, part
from torch import Tensor, nn

from lcc_core.compression.replay.activation_cache import (
    ActivationCache,
    Rows,
    step_costs,
    steps_to_keep,
    value_sizes,
)
from lcc_core.compression.replay.execution import Folded
from lcc_core.compression.replay.program import Program
from lcc_core.models import Classifier, ModelSpec

SPEC = ModelSpec("compact", NAMES, (0.5,) * 3, (0.25,) * 3)


class Small(nn.Module):
    """Convolutions of 3→4 and 4→8 channels, 6×6 and then 3×3 pixels, with a way around."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
        self.same = nn.Conv2d(4, 4, 1)
        self.down = nn.Conv2d(4, 8, 2, stride=2)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))  # steps 0, 1
        x = self.same(x) + x  # 2, 3
        return self.head(self.down(x).mean((2, 3)))  # 4, 5, 6


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    return Classifier(Small(), SPEC).eval()


@pytest.fixture
def tiles() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (10, 3, 6, 6), dtype=torch.uint8, generator=generator)


def sizes_of(model: Classifier, tiles: Tensor, precision: str = "float32") -> dict[str, int]:
    program = Program(model)
    folded = Folded(program, model.net, precision)
    return {n.name: size for n, size in value_sizes(folded, model.normalise(tiles)).items()}


@torch.no_grad()
@pytest.mark.parametrize("n", [1, 2, 10])
def test_bytes_of_a_tile_by_hand(model: Classifier, tiles: Tensor, n: int) -> None:
    floats = {
        "first": 4 * 36, "act": 4 * 36, "same": 4 * 36, "add": 4 * 36, "down": 8 * 9, "mean": 8,
        "head": 4,
    }  # fmt: skip
    assert sizes_of(model, tiles[:n]) == {name: 4 * count for name, count in floats.items()}
    assert sizes_of(model, tiles[:n], "bf16") == {name: 2 * count for name, count in floats.items()}


@torch.no_grad()
def test_what_has_no_row_for_each_tile_has_no_size(tiles: Tensor) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x)
            x = x.permute(1, 0, 2, 3)  # channels first: no row for a tile
            return self.head(x.permute(1, 0, 2, 3).mean((2, 3)))

    sizes = sizes_of(Classifier(Odd(), SPEC).eval(), tiles)
    assert set(sizes) == {"conv", "permute_1", "mean", "head"}


@torch.no_grad()
def test_shares_of_the_work_by_hand(model: Classifier, tiles: Tensor) -> None:
    program = Program(model)
    sizes = value_sizes(Folded(program, model.net, "float32"), model.normalise(tiles))
    macs = [27 * 4 * 36, 0, 4 * 4 * 36, 0, 16 * 8 * 9, 0, 8 * 4]
    costs = step_costs(program, model.net, sizes)
    assert costs == pytest.approx([sum(macs[:cut]) / sum(macs) for cut in range(8)])
    assert step_costs(program, model.net, {}) == [0] * 8


@torch.no_grad()
def test_cuts_that_fit_by_hand(model: Classifier, tiles: Tensor) -> None:
    """Twice ten tiles of what lives before a layer: 144 floats before ``same`` and ``down``, 8
    before ``head``; before ``first`` there is nothing to keep."""
    program = Program(model)
    sizes = value_sizes(Folded(program, model.net, "float32"), model.normalise(tiles))
    large, small = 2 * 10 * 4 * 144, 2 * 10 * 4 * 8
    order = ["same", "down", "head", "first"]

    def cuts(budget: int, names: list[str] = order) -> set[int]:
        return set(steps_to_keep(program, sizes, names, 10, budget))

    assert cuts(10**9) == {0, 2, 4, 6}
    assert cuts(2 * large + small) == {0, 2, 4, 6}
    assert cuts(2 * large + small - 1) == {0, 2, 4}
    assert cuts(2 * large - 1) == {0, 2, 6}  # the nearest first, and what still fits after it
    assert cuts(large) == {0, 2}
    assert cuts(large - 1) == {0, 6} == cuts(small)
    assert cuts(small - 1) == {0} == cuts(0)
    assert cuts(2 * large, ["head", "down", "same"]) == {4, 6}
    assert cuts(10**9, ["down", "down"]) == {4} and cuts(10**9, []) == set()
    # What two cuts share is counted once.
    assert cuts(large, ["same", "same"]) == {2}
    # A value that cannot be kept by the tile rules its cut out, but not those after it.
    some = {node: size for node, size in sizes.items() if node.name != "act"}
    assert steps_to_keep(program, some, order, 10, 10**9) == {0, 4, 6}


def test_rows_are_filled_as_they_come() -> None:
    rows = Rows(5)
    assert rows.bytes == 0 and not rows.known.any()
    pictures = torch.arange(2 * 3 * 2 * 2.0).view(2, 3, 2, 2)
    rows.put(torch.tensor([3, 1]), pictures)
    assert rows.known.tolist() == [False, True, False, True, False]
    assert rows.bytes == 2 * 12 * 4
    assert torch.equal(rows.get(torch.tensor([1, 3, 1])), pictures[[1, 0, 1]])
    rows.put(torch.tensor([1]), pictures[:1] + 100)
    assert torch.equal(rows.get(torch.tensor([1])), pictures[:1] + 100) and rows.bytes == 96
    got = rows.get(torch.tensor([3]))
    assert got.is_contiguous(memory_format=torch.channels_last)
    for shape in ((4, 7), (4, 2, 3)):
        rows, values = Rows(4), torch.randn(shape)
        rows.put(torch.arange(4), values)
        assert torch.equal(rows.get(torch.tensor([2, 0])), values[[2, 0]])


@pytest.fixture
def cache(model: Classifier, tiles: Tensor) -> ActivationCache:
    program = Program(model)
    folded = Folded(program, model.net, "float32")
    with torch.no_grad():
        sizes = value_sizes(folded, model.normalise(tiles))
    return ActivationCache(folded, tiles, model.normalise, step_costs(program, model.net, sizes))


MACS = (27 * 4 * 36, 4 * 4 * 36, 16 * 8 * 9, 8 * 4)
BEFORE = {0: 0.0, 2: MACS[0], 4: sum(MACS[:2]), 6: sum(MACS[:3])}


@torch.no_grad()
def test_a_run_begins_where_something_is_known(
    model: Classifier, tiles: Tensor, cache: ActivationCache
) -> None:
    truth, end, whole = model(tiles), 7, sum(MACS)
    ids = torch.arange(10)
    cache.keep(frozenset({2, 6}))
    work = 0.0

    def run(which: Tensor, change: int, start: int) -> None:
        nonlocal work
        torch.testing.assert_close(cache.run(which, change), truth[which], rtol=1e-4, atol=1e-4)
        work += len(which) * (1 - BEFORE[start] / whole)
        assert cache.work == pytest.approx(work)

    run(ids[:4], end, 0)  # nothing is known of them
    assert cache.bytes == 4 * 4 * (144 + 8)
    run(ids[2:4], end, 6)
    run(ids[:4], 6, 6)  # a change of ``head``: what lies before it holds
    run(ids[:4], 5, 2)  # of what comes before it
    run(ids[:4], 2, 2)
    run(ids[:4], 1, 0)
    run(ids[3:6], end, 0)  # of two of them nothing is known
    assert cache.bytes >= 4 * 6 * (144 + 8)
    cache.drop()
    assert cache.bytes == 4 * 6 * (144 + 8)
    cache.keep(frozenset({6}))
    assert cache.bytes == 4 * 6 * 8
    run(ids[:4], 5, 0)
    cache.drop()
    cache.keep(frozenset())
    assert cache.bytes == 0
    run(ids[:4], end, 0)


@torch.no_grad()
def test_what_a_candidate_changes_holds_once_it_is_taken(
    model: Classifier, tiles: Tensor, cache: ActivationCache
) -> None:
    ids = torch.arange(10)
    cache.keep(frozenset({2, 4, 6}))
    cache.run(ids, 7)
    rows = 4 * 10 * (144 + 144 + 8)
    assert cache.bytes == rows
    weight = part(model, "down").weight
    weight.mul_(3)
    cache.execution.set_weight("down", weight)
    change = cache.program.at["down"]
    torch.testing.assert_close(cache.run(ids[:6], change), model(tiles[:6]), rtol=1e-4, atol=1e-4)
    assert cache.bytes == rows + 4 * 6 * 8  # the candidate's own, beside those in force
    cache.drop()
    assert cache.bytes == rows
    cache.run(ids[:6], change)
    cache.accept(change)
    assert cache.bytes == 4 * (10 * (144 + 144) + 6 * 8)
    before = cache.work
    torch.testing.assert_close(cache.run(ids[:6], 7), model(tiles[:6]), rtol=1e-4, atol=1e-4)
    assert cache.work - before == pytest.approx(6 * (1 - BEFORE[6] / sum(MACS)))
    before = cache.work
    torch.testing.assert_close(cache.run(ids[6:], 7), model(tiles[6:]), rtol=1e-4, atol=1e-4)
    assert cache.work - before == pytest.approx(4 * (1 - BEFORE[4] / sum(MACS)))


@torch.no_grad()
def test_what_the_changed_layer_itself_puts_out_is_the_candidates(
    model: Classifier, tiles: Tensor, cache: ActivationCache
) -> None:
    ids, truth = torch.arange(10), model(tiles)
    cache.keep(frozenset({5}))  # what is kept there is the output of ``down``
    change = cache.program.at["down"]
    weight = part(model, "down").weight.clone()
    cache.execution.set_weight("down", 3 * weight)
    assert not torch.allclose(cache.run(ids, change), truth)
    cache.drop()
    assert cache.bytes == 0
    cache.execution.set_weight("down", weight)
    torch.testing.assert_close(cache.run(ids, 7), truth, rtol=1e-4, atol=1e-4)


class Around(nn.Module):
    """What is before the second layer is needed after it as well."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.a, self.b = (nn.Conv2d(n, 4, 1) for n in (3, 4, 4))
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)  # step 0
        x = self.b(self.a(x)) + x  # 1, 2, 3
        return self.head(x.mean((2, 3)))  # 4, 5


@torch.no_grad()
def test_what_two_cuts_share_is_paid_for_once(tiles: Tensor) -> None:
    model = Classifier(Around(), SPEC).eval()
    program = Program(model)
    sizes = value_sizes(Folded(program, model.net, "float32"), model.normalise(tiles))
    one = 2 * 10 * 4 * 144  # before ``a`` the first's output; before ``b`` that and a's
    assert steps_to_keep(program, sizes, ["a", "b"], 10, 2 * one) == {1, 2}
    assert steps_to_keep(program, sizes, ["a", "b"], 10, 2 * one - 1) == {1}
    assert steps_to_keep(program, sizes, ["b", "a"], 10, 2 * one - 1) == {1}
    assert steps_to_keep(program, sizes, ["b"], 10, 2 * one) == {2}


def test_a_single_row_is_enough_to_begin_with() -> None:
    rows = Rows(3)
    rows.put(torch.tensor([2]), torch.arange(6.0).view(1, 6))
    assert rows.get(torch.tensor([2])).tolist() == [[0, 1, 2, 3, 4, 5]] and rows.bytes == 24


@torch.no_grad()
def test_nothing_is_kept_until_it_is_asked_for(
    model: Classifier, tiles: Tensor, cache: ActivationCache
) -> None:
    torch.testing.assert_close(cache.run(torch.arange(10), 7), model(tiles), rtol=1e-4, atol=1e-4)
    assert cache.bytes == 0 and cache.work == pytest.approx(10)


@torch.no_grad()
def test_norms_are_no_work(tiles: Tensor) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 4))
    model = Classifier(net, SPEC).eval()
    program = Program(model)
    sizes = value_sizes(Folded(program, model.net, "float32"), model.normalise(tiles))
    whole = 3 * 4 * 36 + 144 * 4
    costs = step_costs(program, model.net, sizes)
    assert costs == pytest.approx([0, *[3 * 4 * 36 / whole] * 3, 1])
