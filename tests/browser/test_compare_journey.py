"""Two settings of a model against each other, in a browser."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from look import WAIT_MS, darken, download, playwright, see, violations


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
    path = download(page, "Download as CSV", tmp_path / "disagreements.csv")
    lines = list(csv.DictReader(path.open()))
    assert len(lines) == pictures.count() > 0
    for line in lines:
        answers = [value for name, value in line.items() if name.endswith("answer")]
        assert len(answers) == 2 and answers[0] != answers[1]
    assert not (found := violations(page)), found
    darken(page)
    assert not (found := violations(page)), found
    for tab in ("Classes", "Layers", "Confusion"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1500)
        assert not (found := violations(page)), found
    page.get_by_role("radio", name="B", exact=True).click()
    see(page, re.compile(r"^B · compact, fixed, 1 bits$"))
    page.reload()
    see(page, re.compile(r"B is right on \d+ tiles where A"))
