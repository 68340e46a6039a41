"""Few threads, a home folder of its own for every test, and a tiny data set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from tiny_folder import draw_folder
from world import shipped_nothing, world  # noqa: F401

from lcc_core.files import Home

# Before torch loads; the processes that tests start inherit it.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
# Pages compute in the test's own process; what is about workers starts some.
os.environ.setdefault("LCC_WORKERS", "0")
# A test waits for its job: beside other tests it need not stand back.
os.environ.setdefault("LCC_NICE", "0")


# The same examples in every run, however busy the machine is.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

# What takes longest goes first, so that no worker is left alone with it at the end.
LONGEST = (
    "test_jobs.py", "test_outputs.py", "test_pages.py", "test_cli.py", "test_journeys.py",
    "test_channels.py", "test_files_disk.py", "test_nothing_leaves.py", "test_scene_pages.py",
    "test_unreadable.py", "test_jobs_page.py", "_journey", "test_study_run.py", "test_kills.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST) if name in item.path.name), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home that ``LCC_HOME`` names; nothing ships."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("LCC_HOME", str(root))
    monkeypatch.setenv("LCC_STUDIES", str(tmp_path / "studies"))
    return Home.find(root)


@pytest.fixture(scope="session")
def tile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ImageFolder of 4 classes × 12 tiles of 16×16."""
    return draw_folder(tmp_path_factory.mktemp("tiles") / "source")
