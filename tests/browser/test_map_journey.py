"""A scene's map in a browser: a click on a pixel shows its spectrum."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_scene as scenes

from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
FLAGS = "--no-sandbox --disable-dev-shm-usage --disable-gpu --no-first-run".split()
PROJECT, WAIT_MS = Path(__file__).parents[2], 90_000
# Where the labelled pixel number 100 lies on the page, and its row and column.
PLACE = """() => {
    const plot = document.querySelector('.js-plotly-plot'), layout = plot._fullLayout;
    const points = plot._fullData.find(one => one.type === 'scattergl');
    const [x, y] = [points.x[100], points.y[100]], box = plot.getBoundingClientRect();
    return {
        x: box.left + layout.xaxis._offset + layout.xaxis.l2p(x),
        y: box.top + layout.yaxis._offset + layout.yaxis.l2p(y),
        row: y, column: x,
    };
}"""


@pytest.fixture(scope="module")
def scene_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = Home.find(tmp_path_factory.mktemp("scene-home"))
    scene = scenes.store(home)
    train(make_recipe("cnn1d", epochs=2), scene, make_split(scene, "30/10/60"), home)
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


def test_a_click_shows_the_pixel(scene_address: str) -> None:
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 2000})
        page.set_default_timeout(WAIT_MS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{scene_address}/maps?bits=2")
        page.get_by_role("button", name="Download the map as .npy").wait_for()
        page.wait_for_function("document.querySelector('.js-plotly-plot')?._fullData")
        place = page.evaluate(PLACE)
        page.mouse.move(place["x"], place["y"])
        page.mouse.click(place["x"], place["y"])
        page.wait_for_url(f"**row={place['row']}&column={place['column']}*")
        row = page.get_by_role("spinbutton", name="Row").last
        playwright.expect(row).to_have_value(str(place["row"]), timeout=WAIT_MS)
        page.reload()  # the address brings the pixel back
        row = page.get_by_role("spinbutton", name="Row").last
        playwright.expect(row).to_have_value(str(place["row"]), timeout=WAIT_MS)
        browser.close()
        assert not errors
