"""The app in a browser, as a person meets it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import lcc_core
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
FLAGS = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking "
    "--no-first-run"
).split()
PROJECT = Path(__file__).parents[2]
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Iterator[str]:
    home = Home.find(tmp_path_factory.mktemp("home"))
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "lcc_core.cli", "app", "--port", str(port)],
        cwd=PROJECT,
        env=os.environ | {"LCC_HOME": str(home.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address: str) -> Iterator[object]:
    """A page whose errors and requests to elsewhere fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
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


def see(page, text: str | re.Pattern) -> None:
    playwright.expect(page.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)


def test_a_link_opens_the_same_view_on_a_fresh_server(page, address: str) -> None:
    page.goto(f"{address}/compress?bits=2")
    see(page, "16.0×")
    playwright.expect(page.get_by_role("link", name="Home", exact=True)).to_be_visible()


def test_first_visit(page, address: str) -> None:
    page.goto(address)
    see(page, "Land-Cover Compression Explorer")
    page.get_by_role("link", name="Compress", exact=True).first.click()
    see(page, "Overall accuracy")
    see(page, re.compile(r"Measured on \d+ test tiles of tiny"))


def test_slider_to_download(page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/compress")
    see(page, "8.0×")
    slider = page.get_by_role("slider").nth(1)
    slider.focus()
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    see(page, "16.0×")
    button = page.get_by_role("button", name=re.compile("Download packed file"))
    playwright.expect(button).to_have_count(1, timeout=WAIT_MS)  # the old one goes when all is new
    with page.expect_download() as download:
        button.click()
    path = tmp_path / "model.lcc"
    download.value.save_as(path)
    model = lcc_core.load(path)
    assert model.header["measurement"]["average_bits"] == 2
    assert model(torch.zeros((2, 3, 16, 16), dtype=torch.uint8)).shape == (2, 4)


def test_search_to_download(page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/compress?mode=adaptive&t=3")
    page.get_by_role("button", name="Search", exact=True).click()
    see(page, re.compile(r"\d+ candidates judged on 8 tiles"))
    button = page.get_by_role("button", name=re.compile("Download packed file"))
    with page.expect_download() as download:
        button.click()
    path = tmp_path / "model.lcc"
    download.value.save_as(path)
    model = lcc_core.load(path)
    assert model.plan.recalibrate > 0 and model.plan.facts["method"] == "laq"
    assert model.header["measurement"]["average_bits"] < 8
    page.get_by_text("Every candidate").click()
    chart = page.get_by_text("too much lost").or_(page.get_by_text("kept"))
    playwright.expect(chart.first).to_be_visible(timeout=WAIT_MS)


def test_coreset_to_result(page, address: str) -> None:
    page.goto(f"{address}/coresets?keep=50&even=true")
    see(page, "16 of 32")
    page.get_by_role("tab", name="Tiles").click()
    playwright.expect(page.get_by_role("img", name=re.compile("area")).first).to_be_visible()
    page.get_by_role("tab", name="Results").click()
    see(page, "Nothing was trained on a coreset")
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("1")
    epochs.press("Enter")
    page.get_by_role("button", name="Train on these 16 tiles").click()
    see(page, "Its accuracy stands under")
    page.get_by_role("tab", name="Results").click()
    see(page, "Float models.")
    playwright.expect(page.get_by_text("Nothing was trained on a coreset")).to_have_count(0)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "data",
        "train",
        "compress",
        "compress?mode=adaptive",
        "coresets?keep=50",
        "channels?criterion=l1",
    ],
)
def test_pages_are_accessible(page, address: str, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.goto(f"{address}/{path}")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(1500)
    result = axe.Axe().run(page)
    # Streamlit's own frame is not ours to mend; what a page shows is.
    found = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"]])
        for violation in result.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not found, found
