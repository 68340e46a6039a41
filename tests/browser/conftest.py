"""A running app with a trained model, and a browser that watches what its pages ask for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import serving

from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking "
    "--no-first-run"
).split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Home:
    """What the app serves: tiny tiles and a model of them, unless a module has its own."""
    home = Home.find(tmp_path_factory.mktemp("home"))
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    return home


@pytest.fixture(scope="module")
def address(home: Home) -> Iterator[str]:
    with serving(home) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address: str) -> Iterator[object]:
    """A page whose errors and requests to elsewhere fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:", address.replace("http", "ws")))
            else errors.append(f"request to {request.url}")
        ),
    )
    yield page
    context.close()
    assert not errors
