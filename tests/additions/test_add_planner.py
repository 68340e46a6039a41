"""A planner that is no walk over layers is met in the command, on the page and in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from shell import Shell
from visit import page, words
from world import World

from lcc_core import load
from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.compression import LayerSetting, Plan, apply
from lcc_core.compression.planners import PLANNERS, Planner
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.result import SearchResult
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.models import compressible_layers
from lcc_core.results.table import own_rows
from lcc_core.settings import check_settings, setting


@dataclass(frozen=True)
class Draws:
    """The settings of the toy."""

    draws: int = setting(3, "Draws", "how many plans are drawn", low=1, high=9, step=1)
    lowest: int = setting(2, "Fewest bits", "of any layer", low=1, high=8, step=1)

    def __post_init__(self) -> None:
        check_settings(self)


def plan(given: PlanningInput, config: Draws, hooks: Hooks) -> SearchResult:
    """Of some plans drawn at random the one that most tiles come out right with."""
    generator = torch.Generator().manual_seed(0)
    names = [layer.name for layer in compressible_layers(given.model)]
    best, most = Plan({}), -1
    for _ in range(config.draws):
        hooks.check()
        bits = torch.randint(config.lowest, 9, (len(names),), generator=generator).tolist()
        layers = {n: LayerSetting.of(given.quantizer, b) for n, b in zip(names, bits, strict=True)}
        drawn = Plan(layers, recalibrate=given.recalibrate)
        model = apply(given.model, drawn, given.calibration, hooks).model
        with torch.no_grad():
            right = int((model(given.tiles).argmax(1) == given.labels).sum())
        best, most = max((best, most), (drawn, right), key=lambda one: one[1])
    return SearchResult(best, tiles=len(given.labels), reference=most)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    PLANNERS.register(Planner("draw", "The best of some that are drawn.", Draws, plan))
    yield
    PLANNERS.forget("draw")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home, world: World) -> Shell:
    world.copy(home.root)
    return Shell(capsys, home.root)


def test_the_command_offers_it_and_its_plan_is_packed(
    shell: Shell, world: World, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        shell("search", "--help")
    told = " ".join(shell.capsys.readouterr().out.split())
    assert "draw: The best of some that are drawn." in told and "--draws N" in told
    out, packed = tmp_path / "plan.json", tmp_path / "model.lcc"
    asked = ("search", world.checkpoint, "--method", "draw", "--draws", 5, "--out", out)
    found = shell.json(*asked)
    facts = found["plan"]["facts"]
    assert (facts["method"], facts["draws"], facts["part"]) == ("draw", 5, "validation")
    assert "lowest" not in facts and found["trace"] == [] and found["plan"]["method"] == "draw"
    assert found["fixed"] and found["measurement"]["method"] == "draw"
    assert "Planned on" in shell(*asked)
    assert shell.json(*asked)["seconds"] == found["seconds"]  # remembered, not planned again
    made = shell.json("compress", world.checkpoint, "--plan", out, "--out", packed)
    assert made["plan"] == found["measurement"]["plan"]
    row = next(r for r in own_rows(Home.find(shell.home)) if r.plan.id == made["plan"])
    assert row.method == "draw" and row.measurement.oa == made["oa"]
    plan = Plan.from_json(out.read_text())
    model = find_checkpoint(world.home, world.checkpoint).model()
    tiles = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    with torch.no_grad():
        again = load(packed)(tiles)
        assert not torch.equal(again, model(tiles)) and load(packed).plan.id == plan.id
    refused = shell.json("search", world.checkpoint, "--draws", 5, code=2)
    assert "--draws is a setting of the planner draw, not of laq." in refused["error"]
    refused = shell.json("search", world.checkpoint, "--method", "draw", "--draws", 12, code=2)
    assert "draws=12 is not allowed: it must be 1…9" in refused["error"]


def test_the_page_offers_it_with_its_controls(shell: Shell, world: World) -> None:
    shell("search", world.checkpoint, "--method", "draw", "--draws", 7, "--tiles", 6)
    test = page("compress", mode="adaptive")
    assert "draw" in test.selectbox(key="method").options
    test.selectbox(key="method").set_value("draw").run()
    assert "Search" in [one.label for one in test.button]
    test.slider(key="draws").set_value(7).run()
    test.number_input(key="tiles").set_value(6).run()
    assert not test.exception and not test.error
    assert "Search" not in [one.label for one in test.button]
    assert "Planned in" in words(test) and "candidates" not in words(test)


def test_a_stopped_one_says_how_far_it_came(world: World) -> None:
    from lcc_core.compression.search import SearchSettings, search
    from lcc_core.errors import Cancelled

    model = find_checkpoint(world.home, world.checkpoint).model()
    tiles = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    given = PlanningInput(model, tiles, torch.zeros(8, dtype=torch.long))
    with pytest.raises(Cancelled):
        search(SearchSettings.of("draw"), given, Hooks(should_stop=lambda: True))


def test_a_study_names_it(shell: Shell, tmp_path: Path) -> None:
    study = (
        'data = "mine"\narchs = ["compact"]\nmethods = ["draw"]\n[recipe]\nepochs = 2\nbatch = 8\n'
    )
    (tmp_path / "drawn.toml").write_text(study)
    with pytest.raises(SystemExit):
        shell("study", "run", "--help")
    assert "draw" in shell.capsys.readouterr().out
    ended = shell.json("study", "run", tmp_path / "drawn.toml")
    assert (ended["points"], ended["failed"]) == (1, 0)
    [row] = [row for row in own_rows(Home.find(shell.home)) if row.method == "draw"]
    assert row.plan.facts["part"] == "validation" and row.measurement.tiles > 0
