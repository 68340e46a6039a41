"""The app in a browser, as a person meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from look import PACKED, WAIT_MS, darken, download, playwright, see, settle, violations

import lcc_core


def test_a_link_opens_the_same_view_on_a_fresh_server(page, address: str) -> None:
    page.goto(f"{address}/compress?bits=2")
    see(page, "16.0×")
    playwright.expect(page.get_by_role("link", name="Trade-offs", exact=True)).to_be_visible()


def test_first_visit(page, address: str) -> None:
    page.goto(address)
    see(page, "Trade-offs")
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
    path = download(page, PACKED, tmp_path / "model.lcc")
    model = lcc_core.load(path)
    assert model.header["measurement"]["average_bits"] == 2
    assert model(torch.zeros((2, 3, 16, 16), dtype=torch.uint8)).shape == (2, 4)


def test_search_to_download(page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/compress?mode=adaptive&t=3")
    page.get_by_role("button", name="Search", exact=True).click()
    see(page, re.compile(r"\d+ candidates judged on 8 tiles"))
    path = download(page, PACKED, tmp_path / "model.lcc")
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
    page.goto(f"{address}/{path}")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(1500)
    settle(page)
    # Streamlit's own frame is not ours to mend; what a page shows is.
    assert not (found := violations(page, ("serious", "critical"))), found
    darken(page)
    assert not (found := violations(page, ("serious", "critical"))), found
