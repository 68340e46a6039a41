"""Who is in a group, and which place of each layer belongs to which channel."""

from __future__ import annotations

from tiny import spec

from lcc_core.channels import channel_groups


def members(arch: str, name: str) -> set[tuple[str, str]]:
    (group,) = [one for one in channel_groups(spec(arch)) if one.name == name]
    return {(member.layer, member.kind) for member in group.members}


def test_members_of_a_plain_group() -> None:
    assert members("compact", "blocks.1.first.0") == {
        ("blocks.1.first.0", "out"), ("blocks.1.first.1", "norm"), ("blocks.1.second.0", "in"),
    }  # fmt: skip


def test_members_of_a_residual_group() -> None:
    assert members("compact", "stem.0") == {
        ("stem.0", "out"), ("stem.1", "norm"), ("blocks.0.first.0", "in"),
        ("blocks.0.second.0", "out"), ("blocks.0.second.1", "norm"),
        ("blocks.1.shortcut.0", "in"), ("blocks.1.first.0", "in"),
    }  # fmt: skip
    (group,) = [one for one in channel_groups(spec()) if one.name == "stem.0"]
    assert [one.layer for one in group.makers()] == ["stem.0", "blocks.0.second.0"]
    assert (group.channels, group.blocks, group.block.tolist()) == (32, 1, [0] * 32)
    for member in group.members:
        assert member.root.tolist() == member.index.tolist() == list(range(32))


def test_only_mlps_beside_attention() -> None:
    found = channel_groups(spec("swin_t"))
    assert "Attention ties its channels" in found.note
    assert [group.name for group in found][:2] == ["features.1.0.mlp.0", "features.1.1.mlp.0"]
    assert len(found.groups) == 12 and {group.blocks for group in found} == {1}
    assert members("swin_t", "features.1.0.mlp.0") == {
        ("features.1.0.mlp.0", "out"), ("features.1.0.mlp.3", "in"),
    }  # fmt: skip
    assert [group.channels for group in found][:3] == [384, 384, 768]
    assert channel_groups(spec()).note == ""


def test_free_parameters_are_members() -> None:
    found = members("convnext_tiny", "features.0.0")
    assert ("features.1.0.layer_scale", "norm") in found
    assert ("features.1.0.block.0", "out") in found  # depthwise: it makes what it is given
    assert ("features.1.0.block.5", "out") in found and ("features.2.1", "in") in found


def test_blocks_of_grouped_convolutions() -> None:
    """RegNet's groups are 24 channels wide: 72 channels are three blocks of 24."""
    groups = [one for one in channel_groups(spec("regnet_y_3_2gf")) if one.blocks > 1]
    assert {(one.channels, one.blocks) for one in groups} == {
        (72, 3), (216, 9), (576, 24), (1512, 63),
    }  # fmt: skip
    for one in groups:
        assert one.block.tolist() == [channel // 24 for channel in range(one.channels)]
