"""Which channels go: counts and choices by hand, and what a setting may say."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch
from tiny import lived_in

from lcc_core.channels import ChannelGroup, ChannelPruning, channel_groups, prune_channels
from lcc_core.channels.prune import _choose, _counts
from lcc_core.models import skeleton
from lcc_core.models.widths import widths


def group(name: str, channels: int, blocks: int = 1) -> ChannelGroup:
    block = torch.arange(channels) // (channels // blocks)
    return ChannelGroup(name, channels, (), blocks, block)


def test_defaults_and_ends_of_the_ranges() -> None:
    assert ChannelPruning() == ChannelPruning("attention", 0.5, "group", 8, 0, ())
    for fine in (
        {"ratio": 0.0},
        {"ratio": 0.9},
        {"floor": 1},
        {"floor": 4096},
        {"seed": 2**31 - 1},
    ):
        ChannelPruning(**cast(Any, fine))
    for wrong in (
        {"ratio": 0.901}, {"ratio": -0.1}, {"floor": 0}, {"floor": 4097}, {"seed": -1},
        {"seed": 2**31}, {"scope": "all"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
            ChannelPruning(**cast(Any, wrong))
    for criterion in ("attention", "norm", "l1", "l2", "random"):
        assert ChannelPruning(criterion).criterion == criterion


def test_as_json_and_back() -> None:
    one = ChannelPruning("l1", 0.25, "global", 3, 7, ("a", "b"))
    assert one.to_json() == {
        "criterion": "l1", "ratio": 0.25, "scope": "global", "floor": 3, "seed": 7,
        "only": ["a", "b"],
    }  # fmt: skip
    assert ChannelPruning.from_json(one.to_json()) == one
    assert ChannelPruning.from_json({}) == ChannelPruning()


@pytest.mark.parametrize(
    ("channels", "blocks", "ratio", "floor", "kept"),
    [
        (10, 1, 0.5, 1, 5),
        (10, 1, 0.36, 1, 6),  # 6.4 rounds to 6
        (10, 1, 0.34, 1, 7),  # 6.6 to 7
        (10, 1, 0.9, 4, 4),
        (3, 1, 0.9, 8, 3),  # no more than there are
        (10, 1, 0.0, 1, 10),
        (12, 3, 0.5, 1, 6),
        (12, 3, 0.6, 1, 6),  # 5 channels: two from each of three blocks
        (12, 3, 0.9, 1, 3),  # one from each at least
        (12, 3, 0.9, 4, 6),
        (2, 1, 0.9, 1, 1),
    ],
)
def test_counts_in_each_group(
    channels: int, blocks: int, ratio: float, floor: int, kept: int
) -> None:
    scored = [(group("a", channels, blocks), torch.rand(channels))]
    assert _counts(scored, ChannelPruning("l2", ratio, "group", floor)) == [kept]


def test_counts_over_all_groups() -> None:
    """Shares of the mean: ½, ½, 1, 2 and 1.2, 0.8: a third of six are two, both of the first."""
    first, second = torch.tensor([1.0, 1.0, 2.0, 4.0]), torch.tensor([120.0, 80.0])
    scored = [(group("a", 4), first), (group("b", 2), second)]

    def counts(ratio: float, floor: int = 1) -> list[int]:
        return _counts(scored, ChannelPruning("l2", ratio, "global", floor))

    assert counts(0.0) == [4, 2]
    assert counts(0.16) == [4, 2]  # 0.96 of a channel
    assert counts(0.34) == [2, 2]
    assert counts(0.5) == [2, 1]
    assert counts(0.7) == [1, 1]  # four: 1 as well
    assert counts(0.9) == [1, 1]  # five: the second group keeps its floor
    assert counts(0.9, floor=3) == [3, 2]
    blocked = [(group("a", 4, 2), first), (group("b", 2), second)]
    assert _counts(blocked, ChannelPruning("l2", 0.7, "global", 1)) == [2, 1]


def test_a_group_of_zeros_has_no_share() -> None:
    scored = [(group("a", 2), torch.zeros(2)), (group("b", 2), torch.tensor([1.0, 3.0]))]
    assert _counts(scored, ChannelPruning("l2", 0.5, "global", 1)) == [1, 2]


def test_the_best_of_each_block_in_rising_order() -> None:
    scores = torch.tensor([1.0, 5.0, 3.0, 2.0, 2.0, 9.0])
    assert _choose(group("a", 6), scores, 3).tolist() == [1, 2, 5]
    assert _choose(group("a", 6), scores, 4).tolist() == [1, 2, 3, 5]  # of equals the first
    assert _choose(group("a", 6, 2), scores, 4).tolist() == [1, 2, 3, 5]
    assert _choose(group("a", 6, 2), scores, 2).tolist() == [1, 5]
    assert _choose(group("a", 6, 3), scores, 3).tolist() == [1, 2, 5]


def test_what_is_kept_of_every_layer() -> None:
    """Groups that share a layer take its inputs and outputs each for itself."""
    model = lived_in()
    narrow = prune_channels(model, ChannelPruning("norm", 0.5, floor=1))
    assert (narrow.kept, narrow.of) == (sum((16, 16, 24, 24, 24, 40, 40, 40)), 448)
    kept = {one.name: one.kept for one in narrow.groups}
    before, after = model.net.state_dict(), narrow.model.net.state_dict()
    for layer, outs, ins in (
        ("stem.0", "stem.0", None),
        ("blocks.0.first.0", "blocks.0.first.0", "stem.0"),
        ("blocks.0.second.0", "stem.0", "blocks.0.first.0"),
        ("blocks.1.shortcut.0", "blocks.1.second.0", "stem.0"),
        ("blocks.1.second.0", "blocks.1.second.0", "blocks.1.first.0"),
        ("head", None, "blocks.3.second.0"),
    ):
        weight = before[f"{layer}.weight"]
        weight = weight if outs is None else weight[kept[outs]]
        weight = weight if ins is None else weight[:, kept[ins]]
        assert torch.equal(after[f"{layer}.weight"], weight), layer
    for part in ("weight", "bias", "running_mean", "running_var"):
        own = before[f"blocks.0.second.1.{part}"][kept["stem.0"]]
        assert torch.equal(after[f"blocks.0.second.1.{part}"], own)
    assert torch.equal(after["head.bias"], before["head.bias"])
    for one in narrow.groups:
        assert one.criterion == "norm" and len(one.scores) == one.of
        assert one.kept.tolist() == sorted(
            one.scores.argsort(descending=True)[: len(one.kept)].tolist()
        )
    plain = widths(skeleton(model.spec).net)
    assert narrow.model.spec.channels == {
        name: width
        for name, width in widths(narrow.model.net).items()
        if name in narrow.model.spec.channels
    }
    assert all(plain[name] != width for name, width in narrow.model.spec.channels.items())
    assert model.spec.channels == {}


def test_random_numbers_do_not_depend_on_which_groups_are_touched() -> None:
    model = lived_in()
    every = {
        one.name: one for one in prune_channels(model, ChannelPruning("random", 0.5, seed=3)).groups
    }
    only = prune_channels(
        model, ChannelPruning("random", 0.5, seed=3, only=("head", "blocks.4.first.0")[1:])
    )
    (one,) = only.groups
    assert torch.equal(one.scores, every[one.name].scores)
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(every["stem.0"].scores, torch.rand(32, generator=generator))
    other = prune_channels(model, ChannelPruning("random", 0.5, seed=4)).groups[0]
    assert not torch.equal(other.scores, every["stem.0"].scores)


def plain_global(model, ratio: float, floor: int) -> dict[str, int]:
    """By |γ| over the group's mean, every channel of every group in one list."""
    shares = {}
    for one in channel_groups(model.spec):
        gammas = [
            model.net.get_submodule(m.layer).weight.detach().abs().numpy().astype(np.float64)
            for m in one.members
            if m.kind == "norm"
        ]
        mean = np.mean(gammas, axis=0)
        shares[one.name] = mean / mean.mean()
    every = sorted(np.concatenate(list(shares.values())).tolist())
    limit = every[int(len(every) * ratio)]
    return {
        name: max(min(floor, len(own)), int((own >= limit - 1e-7).sum()))
        for name, own in shares.items()
    }


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.85])
@pytest.mark.parametrize("floor", [1, 8])
def test_over_all_groups_against_plain_arithmetic(ratio: float, floor: int) -> None:
    model = lived_in(seed=2)
    narrow = prune_channels(model, ChannelPruning("norm", ratio, "global", floor))
    found = {one.name: len(one.kept) for one in narrow.groups}
    assert found == plain_global(model, ratio, floor)
    assert narrow.kept == sum(found.values()) and math.isclose(narrow.of, 448)
