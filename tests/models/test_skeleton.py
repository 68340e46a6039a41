"""A skeleton has the shapes of the built network, and no memory for its weights."""

from __future__ import annotations

import pytest
from tiny import scene_spec

from lcc_core.models import ARCHITECTURES, ModelSpec, build, skeleton


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("arch", [name for name in ARCHITECTURES.names() if name != "vgg19"])
def test_a_skeleton_is_the_network_without_its_weights(arch: str, bands: int) -> None:
    if ARCHITECTURES[arch].for_scenes:
        spec = scene_spec(arch, 4 * bands)
    else:
        spec = ModelSpec(arch, ("field", "forest"), (0.5,) * bands, (0.25,) * bands)
    net = skeleton(spec).net
    assert all(one.is_meta for one in net.parameters())
    assert sum(one.numel() for one in net.buffers() if not one.is_meta) < 300_000
    if arch in ("compact", "regnet_y_3_2gf", "cnn1d", "cnn2d", "cnn3d"):  # quick to build
        shapes = {name: one.shape for name, one in build(spec).net.state_dict().items()}
        assert {name: one.shape for name, one in net.state_dict().items()} == shapes
