"""A coreset method that one file registers is met in the command, on the page and in a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from shell import Shell
from visit import page, words
from world import World

from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, Pick, lowest
from lcc_core.coresets.selection import choices
from lcc_core.files import Home
from lcc_core.results.training_cost import cost_of
from lcc_core.settings import check_settings, setting
from lcc_core.studies.graph import expand
from lcc_core.studies.spec import Study


@dataclass(frozen=True)
class Surest:
    """The settings of the toy."""

    skip: int = setting(0, "Skip", "leave out so many of the surest tiles", low=0, high=5, step=1)

    def __post_init__(self) -> None:
        check_settings(self)


def surest(config: Surest, candidates: Candidates, generator: np.random.Generator) -> Pick:
    ranked = lowest(-candidates.known.confidence, generator)

    def pick(pool: np.ndarray, n: int) -> np.ndarray:
        skip = min(config.skip, len(pool) - n)
        return ranked(pool, n + skip)[skip:]

    return pick


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    METHODS.register(CoresetMethod("surest", "The surest tiles first.", surest, Surest))
    yield
    METHODS.forget("surest")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home, world: World) -> Shell:
    world.copy(home.root)
    return Shell(capsys, home.root)


def test_the_command_offers_it_and_its_coreset_trains(shell: Shell, world: World) -> None:
    with pytest.raises(SystemExit):
        shell("coreset", "--help")
    told = shell.capsys.readouterr().out
    assert "The surest tiles first." in told and "--skip N" in told
    chosen = ("coreset", world.checkpoint, "--method", "surest", "--fraction", 0.5)
    made = shell.json(*chosen, "--skip", 2)
    assert made["name"] == f"mine-surest-50-skip-2-s0-{world.checkpoint[:6]}"
    assert (made["method"], made["skip"], made["tiles"]) == ("surest", 2, 16)
    other = shell.json(*chosen)
    assert other["id"] != made["id"] and "balanced-surest" in choices()
    train = ("train", "--coreset", made["name"], "--arch", "compact", "--epochs", 1)
    model = shell.json(*train, "--batch", 8)
    assert model["split"]["coreset"]["method"] == "surest"
    stored = find_checkpoint(Home.find(shell.home), model["id"])
    assert len(stored.trained_on()) == 16
    refused = shell.json("coreset", world.checkpoint, "--method", "random", "--skip", 2, code=2)
    assert "--skip is a setting of the coreset method surest, not of random." in refused["error"]


@pytest.mark.usefixtures("shell")
def test_the_page_offers_it_with_its_control() -> None:
    test = page("coresets", keep="50")
    assert "surest" in test.selectbox(key="by").options
    test.selectbox(key="by").set_value("surest").run()
    test.select_slider(key="keep").set_value(50).run()
    test.slider(key="surest-skip").set_value(3).run()
    assert not test.exception and not test.error
    assert "**16 of 32** training tiles" in words(test)


def test_a_study_names_it() -> None:
    study = Study.from_toml('data = "demo"\nfractions = [0.1]\ncoresets = ["surest"]\nbits = [8]\n')
    steps = [one for one in expand(study).steps.values() if one.kind == "choose"]
    assert [one.content["method"] for one in steps] == ["surest"]


def test_choosing_without_dynamics_costs_no_scoring(shell: Shell, world: World) -> None:
    """Whoever needs none is not charged for the training whose tiles it chose from."""

    def first(_: object, __: object, ___: object) -> Pick:
        return lambda pool, n: pool[:n]

    METHODS.register(CoresetMethod("first", "The first tiles.", first, needs_dynamics=False))
    home = Home.find(shell.home)
    costs = {}
    try:
        for method in ("first", "surest"):
            shell(
                "coreset", world.checkpoint, "--method", method, "--fraction", 0.5, "--out", method
            )
            train = ("train", "--coreset", method, "--arch", "compact", "--epochs", 1)
            cost = cost_of(home, shell.json(*train, "--batch", 8)["id"])
            assert cost is not None
            costs[method] = cost.scoring_s
    finally:
        METHODS.forget("first")
    scored_in = find_checkpoint(home, world.checkpoint).seconds
    assert costs == {"first": 0.0, "surest": scored_in} and scored_in > 0
