"""Channels are removed for real, and what is left computes what it should."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import images, lived_in, scene_spec, spec
from torch import nn

from lcc_core.channels import ChannelPruning, channel_groups, prune_channels
from lcc_core.channels.groups import NORM, OUT
from lcc_core.checkpoints.packed import load_packed, pack
from lcc_core.compression import Plan, apply, importance, uniform_plan
from lcc_core.compression.recalibration import Calibration
from lcc_core.errors import CheckpointError, ModelError
from lcc_core.export import agreement, export
from lcc_core.measure.cost import macs, parameters
from lcc_core.models import (
    Classifier,
    ModelSpec,
    architectures,
    build,
    compressible_layers,
    skeleton,
)

SMALL = ("compact", "resnet18", "mobilenet_v3_small")
BIG = sorted(set(architectures(scene=False)) - {"vgg16", "vgg19"})


@torch.no_grad()
def silence(model: Classifier, share: float, seed: int) -> dict[str, torch.Tensor]:
    """Make channels of every group contribute nothing; returns which, as keep masks.

    What makes them puts out zero, and so does each norm; makers without a norm lose their bias.
    """
    generator = torch.Generator().manual_seed(seed)
    keep = {}
    for group in channel_groups(model.spec):
        mask = torch.zeros(group.channels, dtype=torch.bool)
        for block in range(group.blocks):
            inside = torch.nonzero(group.block == block)[:, 0]
            order = inside[torch.randperm(len(inside), generator=generator)]
            mask[order[: max(1, round(len(inside) * (1 - share)))]] = True
        keep[group.name] = mask
        for member in group.members:
            gone = member.index[~mask[member.root]]
            if member.kind in (OUT, NORM):
                module = model.net.get_submodule(member.layer)
                module.weight[gone] = 0
                if module.bias is not None:
                    module.bias[gone] = 0
                if hasattr(module, "running_mean"):
                    module.running_mean[gone] = 0
    return keep


@pytest.mark.parametrize("arch", ["compact", "resnet18", "resnet50", "regnet_y_3_2gf"])
def test_removing_what_contributes_nothing_changes_nothing(arch: str) -> None:
    model = lived_in(arch)
    keep = silence(model, 0.5, seed=1)
    before = model(images())
    narrow = prune_channels(model, ChannelPruning("l1", 0.5, floor=1))
    for group in narrow.groups:
        assert set(group.kept.tolist()) == set(torch.nonzero(keep[group.name])[:, 0].tolist())
    torch.testing.assert_close(narrow.model(images()), before, rtol=1e-4, atol=1e-4)
    assert parameters(narrow.model) < 0.35 * parameters(model)
    assert macs(narrow.model, (32, 32)) < 0.4 * macs(model, (32, 32))


@pytest.mark.parametrize("arch", BIG)
def test_every_architecture_narrows_and_is_built_again_from_data(arch: str) -> None:
    model = lived_in(arch)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    narrow = prune_channels(model, ChannelPruning("l2", 0.6, floor=4))
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    limit = 0.75 if arch == "swin_t" else 0.35
    assert parameters(narrow.model) < limit * parameters(model)
    assert ("Attention" in narrow.note) == (arch == "swin_t")
    data = ModelSpec.from_json(narrow.model.spec.to_json())
    again = build(data).eval()
    again.load_state_dict(narrow.model.state_dict())
    torch.testing.assert_close(again(images()), narrow.model(images()))
    shapes = {name: value.shape for name, value in skeleton(data).state_dict().items()}
    assert shapes == {name: value.shape for name, value in again.state_dict().items()}
    layers = [layer.name for layer in compressible_layers(again)]
    assert layers == [layer.name for layer in compressible_layers(model)]


@pytest.mark.parametrize("arch", architectures(scene=True))
def test_networks_for_scenes_narrow_and_are_built_again_from_data(arch: str) -> None:
    torch.manual_seed(0)
    model = build(scene_spec(arch)).eval()
    narrow = prune_channels(model, ChannelPruning("norm", 0.6, floor=4))
    assert narrow.kept < 0.75 * narrow.of
    again = build(ModelSpec.from_json(narrow.model.spec.to_json())).eval()
    again.load_state_dict(narrow.model.state_dict())
    patches = torch.randn((2, 16, 5, 5), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again(patches), narrow.model(patches))


@pytest.mark.parametrize("arch", ["vgg16", "vgg19"])
def test_the_large_ones_have_groups(arch: str) -> None:
    groups = channel_groups(spec(arch)).groups
    assert len(groups) == (15 if arch == "vgg16" else 18)
    last = next(
        g for g in groups if g.name == ("features.40" if arch == "vgg16" else "features.49")
    )
    flattened = next(m for m in last.members if m.layer == "classifier.0")
    assert len(flattened.index) == 49 * last.channels  # 7×7 places of each channel


@settings(max_examples=15, deadline=None)
@given(
    ratio=st.floats(0, 0.9),
    floor=st.integers(1, 40),
    criterion=st.sampled_from(["norm", "l1", "l2", "random"]),
    scope=st.sampled_from(["group", "global"]),
)
def test_counts_keep_to_ratio_and_floor(ratio: float, floor: int, criterion: str, scope: str):
    model = lived_in()
    pruning = ChannelPruning(criterion, ratio, scope, floor)
    narrow = prune_channels(model, pruning)
    for group in narrow.groups:
        assert min(floor, group.of) <= len(group.kept) <= group.of
        if scope == "group":
            assert len(group.kept) == max(round(group.of * (1 - ratio)), min(floor, group.of))
            worst = group.scores[group.kept].min()
            gone = [i for i in range(group.of) if i not in set(group.kept.tolist())]
            assert all(group.scores[i] <= worst for i in gone)
    if scope == "global" and floor == 1:
        assert narrow.of - narrow.kept <= math.ceil(narrow.of * ratio)
    twice = prune_channels(model, pruning)
    assert twice.model.spec == narrow.model.spec


def test_global_ranks_all_groups_together() -> None:
    model = lived_in()
    with torch.no_grad():
        # A few channels stand out in the first group: the others there are worth little.
        norm = model.net.get_submodule("stem.1").weight
        norm.fill_(0.01)
        norm[:4] = 2.0
    pruning = ChannelPruning("norm", 0.5, "global", floor=2)
    kept = {group.name: len(group.kept) for group in prune_channels(model, pruning).groups}
    shares = [len(g.kept) / g.of for g in prune_channels(model, replace(pruning, ratio=0.2)).groups]
    assert kept["stem.0"] < 13 and max(shares) > 0.9


def test_a_narrowed_net_narrows_again() -> None:
    once = prune_channels(lived_in(), ChannelPruning("l2", 0.5, floor=1)).model
    twice = prune_channels(once, ChannelPruning("l2", 0.5, floor=1)).model
    assert twice.spec.channels["stem.0"] == (3, 8)
    assert build(twice.spec)(images()).shape == (2, 4)


def test_only_some_groups() -> None:
    narrow = prune_channels(lived_in(), ChannelPruning("l2", 0.5, only=("blocks.0.first.0",)))
    assert [group.name for group in narrow.groups] == ["blocks.0.first.0"]
    assert narrow.model.spec.channels == {
        "blocks.0.first.0": (32, 16), "blocks.0.second.0": (16, 32)
    }  # fmt: skip
    assert build(narrow.model.spec).net.get_submodule("blocks.0.first.1").num_features == 16
    with pytest.raises(ModelError, match="no channel group 'head'"):
        prune_channels(lived_in(), ChannelPruning("l2", 0.5, only=("head",)))


def test_nothing_to_remove_is_the_same_net() -> None:
    model = lived_in()
    narrow = prune_channels(model, ChannelPruning("norm", 0.0)).model
    assert narrow.spec == model.spec
    assert torch.equal(narrow(images()), model(images()))


@pytest.mark.parametrize(
    "change", [{"ratio": 0.95}, {"ratio": -0.1}, {"criterion": "best"}, {"floor": 0}]
)
def test_bad_settings(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        ChannelPruning(**change)


@pytest.mark.parametrize("arch", SMALL)
def test_a_narrowed_net_packs_quantizes_and_exports(arch: str, tmp_path) -> None:
    model = prune_channels(lived_in(arch), ChannelPruning("l2", 0.5)).model
    tiles = images(8, 64)
    plan = uniform_plan(model, 4, 0.25, recalibrate=8)
    compressed = apply(model, plan, Calibration(tiles))
    loaded = load_packed(pack(compressed))
    assert loaded.spec == model.spec
    torch.testing.assert_close(loaded(tiles), compressed.model(tiles))
    assert len(pack(apply(model, Plan({})))) < 0.5 * len(pack(apply(lived_in(arch), Plan({}))))
    assert sum(one.share for one in importance(model)) == pytest.approx(1)
    if arch == "compact":
        pytest.importorskip("onnxruntime")
        path = tmp_path / "narrow.onnx"
        export(loaded, path, (64, 64), "onnx")
        assert agreement(loaded, path, "onnx", tiles) == 1


def test_files_cannot_make_a_net_grow() -> None:
    for channels, words in (
        ({"stem.0": (3, 64)}, "cannot have 3 inputs and 64 outputs"),
        ({"stem.0": (3, 0)}, "cannot have"),
        ({"nowhere": (1, 1)}, "no layer 'nowhere'"),
    ):
        with pytest.raises(ModelError, match=words):
            build(replace(spec(), channels=channels))
        hostile = apply(lived_in(), Plan({}))
        hostile.model.spec = replace(hostile.model.spec, channels=channels)
        with pytest.raises(CheckpointError):
            load_packed(pack(hostile))
    with pytest.raises(ModelError, match="narrowed"):
        build(replace(spec("resnet18"), channels={"conv1": (3, 8)}), "imagenet")


def test_specs_without_channels_read_as_before() -> None:
    content = spec().to_json()
    assert set(content) == {"arch", "class_names", "mean", "std", "options"}
    assert ModelSpec.from_json(content) == spec()


def test_grouped_convolutions_keep_their_groups() -> None:
    model = prune_channels(lived_in("regnet_y_3_2gf"), ChannelPruning("l2", 0.3, floor=1)).model
    plain = dict(build(spec("regnet_y_3_2gf")).net.named_modules())
    for name, module in model.net.named_modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            assert module.groups == plain[name].groups
            assert module.in_channels < plain[name].in_channels
