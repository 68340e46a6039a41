"""Several people at once: each sees the figures of the own setting, and only those."""

from __future__ import annotations

import random
import re

from look import WAIT_MS, playwright, settle

from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.compression import apply, uniform_plan
from lcc_core.compression.plan import BITS
from lcc_core.compression.recalibration import TILES, calibration_tiles
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.measure.evaluate import accuracy
from pages.ui import words

SESSIONS, MOVES = 3, 6


def serial(home: Home) -> dict[int, str]:
    """Bits → the accuracy that one thread measures, as the page spells it."""
    model = list_checkpoints(home)[0].model()
    tiles = load_tiles("tiny", home)
    split = make_split(tiles)
    found = {}
    for bits in BITS:
        plan = uniform_plan(model, bits, recalibrate=TILES)
        compressed = apply(model, plan, calibration_tiles(tiles, split, TILES))
        found[bits] = words.percent(accuracy(compressed.model, tiles, split.test))
    return found


def figure(page, label: str):
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def test_three_sessions_move_sliders_at_once(browser, address: str, home: Home) -> None:
    expected, draw = serial(home), random.Random(0)
    contexts = [browser.new_context() for _ in range(SESSIONS)]
    errors: list[str] = []
    try:
        pages = [context.new_page() for context in contexts]
        at = [BITS.index(bits) for bits in (4, 2, 8)]
        for page, place in zip(pages, at, strict=True):
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{address}/compress?bits={BITS[place]}", wait_until="commit")
        for _ in range(MOVES):
            for number, page in enumerate(pages):  # all of them, before any has its answer
                step = -1 if at[number] == len(BITS) - 1 else draw.choice([-1, 1])
                step = 1 if at[number] == 0 else step
                slider = page.get_by_role("slider").nth(1)
                playwright.expect(slider).to_have_value(str(at[number]))
                slider.focus()
                slider.press("ArrowRight" if step > 0 else "ArrowLeft")
                at[number] += step
            for number, page in enumerate(pages):
                bits = BITS[at[number]]
                playwright.expect(figure(page, "Nominal ratio")).to_have_text(f"{32 / bits:.1f}×")
                playwright.expect(figure(page, "Overall accuracy")).to_have_text(expected[bits])
        for page in pages:
            settle(page)
            wrong = page.get_by_text(re.compile("went wrong|does not work|Traceback"))
            playwright.expect(wrong).to_have_count(0)
        assert not errors
    finally:
        for context in contexts:
            context.close()
