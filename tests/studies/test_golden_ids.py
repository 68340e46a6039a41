"""Studies and steps that are stored keep their ids: recorded before axes were registered."""

from __future__ import annotations

import pytest

from lcc_core.files import content_id
from lcc_core.studies.graph import expand
from lcc_core.studies.presets import preset

# Preset → its study's id, the number of its points, and a hash of the ids of its steps and of its
# points, each data set's fingerprint being "f" and its name.
GOLDEN = {
    "first-look": ("635e0c149498", 15, "4cf71d851cf0", "bb6f83b5a131"),
    "coreset-compression": ("93e39b17141b", 288, "8384559b04e8", "0c08cba69cf1"),
    "coreset-compression-short": ("417eb2173777", 108, "ecb8b21aa5ec", "25907a589968"),
    "coreset-equal-steps": ("740e48841033", 66, "f085a4d56914", "ab59c713edb1"),
    "adaptive-bits": ("b31afed3ad33", 153, "422a585060d8", "f3a9088e9c1c"),
    "adaptive-bits-short": ("9f2fcddbbd1d", 101, "6e9fb39bfac7", "ad4119a6c1c1"),
    "channel-pruning": ("200a5546cb40", 48, "d8676619a1b8", "a6dc8ec958d5"),
    "channel-pruning-short": ("b3a6fbbaa853", 12, "bfa7c122c164", "4f0a7eab0257"),
    "hyperspectral": ("c598fb326ded", 216, "d91b68755db7", "3c25245c459f"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_ids_are_what_they_were(name: str) -> None:
    study = preset(name)
    graph = expand(study, {data: f"f{data}" for data in study.data})
    found = (study.id, len(graph.points), content_id(sorted(graph.steps)))
    assert (*found, content_id(sorted(graph.points))) == GOLDEN[name]
