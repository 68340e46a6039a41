"""A home with one of everything, and the commands that make each."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import run
from tiny_folder import draw_folder

from lcc_core.files import Home

STUDY = 'data = "mine"\nbits = [8, 4]\n[recipe]\nepochs = 1\nbatch = 16\n'
EPOCH = ("--epochs", "1", "--batch", "16")


@dataclass(frozen=True)
class World:
    """``home``: with the set ``mine``, a ``checkpoint`` of it, and a row, coreset and study."""

    home: Home
    checkpoint: str
    source: Path
    study: Path
    weights: Path

    def copy(self, to: Path) -> Home:
        shutil.copytree(self.home.root, to, dirs_exist_ok=True)
        return Home.find(to)

    def commands(self, out: Path) -> dict[str, tuple[object, ...]]:
        """What makes one of each, none of which is in ``home`` yet."""
        one = self.checkpoint
        return {
            "import": ("data", "import", "other", self.source),
            "train": ("train", "--data", "mine", "--arch", "compact", "--seed", "7", *EPOCH),
            "prune": ("prune-channels", one, "--ratio", "0.3", "--epochs", "1"),
            "import-model": (
                "import-model", self.weights, "--data", "mine", "--arch", "compact",
                "--norm", "none",
            ),
            "coreset": ("coreset", one, "--fraction", "0.5", "--out", "half"),
            "search": ("search", one, "--tiles", "8"),
            "compress": ("compress", one, "--bits", "3", "--out", out / "x.lcc"),
            "study": ("study", "run", self.study),
            "results": ("results", "--out", out / "rows.csv"),
        }  # fmt: skip


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    home = Home.find(root / "home")
    source = draw_folder(root / "source")
    study = root / "grid.toml"
    study.write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCC_STUDIES", str(root / "studies"))
        import torch  # noqa: F401  forks have it then

        train = ("train", "--data", "mine", "--arch", "compact", *EPOCH, "--json")
        for words in (("data", "import", "mine", source), train):
            ended = run(*words, home=home)
            assert ended.code == 0, ended.err
        checkpoint = json.loads(ended.out)["id"]
        small = root / "small.toml"
        small.write_text(STUDY.replace("8, 4", "8"))
        for words in (
            ("compress", checkpoint, "--bits", "2", "--out", root / "two.lcc"),
            ("coreset", checkpoint, "--fraction", "0.6", "--out", "most"),
            ("study", "run", small),
        ):
            ended = run(*words, home=home)
            assert ended.code == 0, ended.err
    weights = root / "weights.safetensors"
    from lcc_core.checkpoints.store import find_checkpoint

    model = find_checkpoint(home, checkpoint).path / "model.safetensors"
    shutil.copy(model, weights)
    return World(home, checkpoint, source, study, weights)


@pytest.fixture
def shipped_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCC_STUDIES", str(tmp_path / "studies"))
