"""Two settings of a model against each other, in a browser."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
WAIT_MS = 90_000


def see(page, text: str | re.Pattern) -> None:
    playwright.expect(page.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)


def violations(page) -> list:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    return [
        (found["id"], [node["html"][:160] for node in found["nodes"]])
        for found in axe.Axe().run(page).response["violations"]
    ]


def test_compress_then_compare(page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/compress?bits=1")  # measures the float model as well
    see(page, "32.0×")
    button = page.get_by_role("button", name=re.compile("Download packed file"))
    playwright.expect(button).to_have_count(1, timeout=WAIT_MS)
    page.get_by_role("link", name="Compare", exact=True).click()
    see(page, re.compile(r"B is right on \d+ tiles where A"))
    playwright.expect(page).to_have_url(re.compile(r"models=[0-9a-f]{6}-[0-9a-f]{6}"))
    see(page, re.compile(r"\d+ of 8 test tiles, the surest wrong answers first"))
    pictures = page.get_by_role("img", name=re.compile(r", tile \d+$"))
    playwright.expect(pictures.first).to_be_visible(timeout=WAIT_MS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    path = tmp_path / "disagreements.csv"
    download.value.save_as(path)
    lines = list(csv.DictReader(path.open()))
    assert len(lines) == pictures.count() > 0
    for line in lines:
        answers = [value for name, value in line.items() if name.endswith("answer")]
        assert len(answers) == 2 and answers[0] != answers[1]
    assert not (found := violations(page)), found
    for tab in ("Classes", "Layers", "Confusion"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1500)
        assert not (found := violations(page)), found
    page.get_by_role("radio", name="B", exact=True).click()
    see(page, re.compile(r"^B · compact, fixed, 1 bits$"))
    page.reload()
    see(page, re.compile(r"B is right on \d+ tiles where A"))
