"""First visit, and from a limit to the file that fits."""

from __future__ import annotations

import re
from pathlib import Path

from look import PACKED, WAIT_MS, download, playwright, see, settle

import lcc_core


def test_first_visit_shows_the_whole_trade_off(page, address: str) -> None:
    page.goto(address)
    see(page, "Every point is a measured model")
    see(page, "hypervolume")
    playwright.expect(page.locator(".js-plotly-plot .scatterlayer").first).to_be_visible()
    playwright.expect(page.get_by_role("heading", name="Details").first).to_be_visible()
    see(page, "Overall accuracy")
    playwright.expect(page.get_by_role("button", name=PACKED).first).to_be_visible()  # at once


def test_from_a_limit_to_the_file(page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/?data=eurosat")
    most = page.get_by_role("spinbutton", name="At most (MB)")
    most.fill("0.1")
    most.press("Enter")
    see(page, "The most accurate:")
    page.wait_for_url(re.compile(r"most=0\.1"))
    settle(page)
    candidate = page.get_by_test_id("stAlert").filter(has_text="The most accurate:")
    playwright.expect(candidate).to_have_count(1, timeout=WAIT_MS)  # no stale one beside it
    said = candidate.first.inner_text()
    assert re.search(r"\d+ of \d+ fit\.", said)
    path = download(page, PACKED, tmp_path / "model.lcc")
    assert path.stat().st_size <= 100_000
    row = lcc_core.load(path).header["measurement"]
    assert f"{100 * row['oa']:.2f} %" in said
    # A colleague who opens the link sees the same.
    page.goto(page.url)
    playwright.expect(candidate.first).to_have_text(said, timeout=WAIT_MS)
