"""A scene's map in a browser: a click on a pixel shows its spectrum."""

from __future__ import annotations

from contextlib import suppress

import pytest
import tiny_scene as scenes
from look import WAIT_MS, playwright, settle, violations

from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

# Where the labelled pixel number 100 lies on the page, and its row and column; nothing while
# the chart is not drawn.
PLACE = """() => {
    const plot = document.querySelector('.js-plotly-plot'), layout = plot?._fullLayout;
    const points = plot?._fullData?.find(one => one.type === 'scattergl');
    if (!points || !layout.xaxis._length) return null;
    const [x, y] = [points.x[100], points.y[100]], box = plot.getBoundingClientRect();
    return {
        x: box.left + layout.xaxis._offset + layout.xaxis.l2p(x),
        y: box.top + layout.yaxis._offset + layout.yaxis.l2p(y),
        row: y, column: x,
    };
}"""
HOVERED = "() => document.querySelector('.js-plotly-plot')?._hoverdata?.length > 0"


def click_a_pixel(page) -> dict[str, float]:
    """As a person does: point at it until the chart answers, then click; else once more."""
    for _ in range(20):
        settle(page)
        if place := page.evaluate(PLACE):
            page.mouse.move(place["x"] + 3, place["y"] + 3)
            page.mouse.move(place["x"], place["y"])
            with suppress(playwright.TimeoutError):
                page.wait_for_function(HOVERED, timeout=3_000)
                page.mouse.click(place["x"], place["y"])
                page.wait_for_url(f"**row={place['row']}&column={place['column']}*", timeout=10_000)
                return place
    raise AssertionError(f"no click reached the chart: {page.url}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.find(tmp_path_factory.mktemp("scene-home"))
    scene = scenes.store(home)
    train(make_recipe("cnn1d", epochs=2), scene, make_split(scene, "30/10/60"), home)
    return home


def test_a_click_shows_the_pixel(page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 2000})  # the chart is clicked by its place
    page.goto(f"{address}/maps?bits=2")
    page.get_by_role("button", name="Download the map as .npy").wait_for()
    place = click_a_pixel(page)
    settle(page)
    row = page.get_by_role("spinbutton", name="Row")  # only one: nothing old has stayed
    playwright.expect(row).to_have_value(str(place["row"]), timeout=WAIT_MS)
    assert not (found := violations(page, ("serious", "critical"))), found
    page.reload()  # the address brings the pixel back
    row = page.get_by_role("spinbutton", name="Row").last
    playwright.expect(row).to_have_value(str(place["row"]), timeout=WAIT_MS)
