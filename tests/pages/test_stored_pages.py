"""Pages of a home that holds odd files, and of one that is read-only."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import read_only, tree
from stores import STORES, beside, job
from visit import page, words
from world import World

from lcc_core.files import Home

pytestmark = pytest.mark.usefixtures("shipped_nothing")
FEW = "fewer than the 4 classes"  # so small are these tiles
PAGES = ("tradeoffs", "data", "train", "coresets", "channels", "compress", "compare", "studies",
         "maps", "jobs")  # fmt: skip


@pytest.fixture
def poisoned(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """One odd file of every kind."""
    home = world.copy(tmp_path / "home")
    monkeypatch.setenv("LCC_HOME", str(home.root))
    for kind, (where, _) in STORES.items():
        beside(where(home), kind).write_text("{")
    return home


@pytest.mark.parametrize(
    ("name", "told"),
    [("tradeoffs", "row"), ("compare", "row"), ("data", "data set"), ("coresets", "coreset"),
     ("compress", "checkpoint"), ("studies", "study"), ("jobs", "job")],
)  # fmt: skip
def test_pages_say_it_and_go_on(poisoned: Home, name: str, told: str) -> None:
    test = page(name)
    assert not test.exception and not [one for one in test.error if FEW not in one.value]
    assert any(f"1 stored {told} cannot be read" in one.label for one in test.expander)
    assert any("odd" in str(one.value) for one in test.code)


def test_pages_of_a_home_that_is_read_only(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = world.copy(tmp_path / "home")
    job(home)
    monkeypatch.setenv("LCC_HOME", str(home.root))
    before = tree(home.root)
    with read_only(home):
        for name in PAGES:
            test = page(name)
            errors = [one.value for one in test.error if FEW not in one.value]
            assert not test.exception and not errors, name
        assert "read-only for you" in words(page())
    assert tree(home.root) == before
