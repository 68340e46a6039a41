"""What the browser tests see and do in more than one place."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
WAIT_MS = 90_000
playwright.expect.set_options(timeout=WAIT_MS)  # a busy machine is no fault
PACKED = re.compile("Download packed file")


def see(page, text: str | re.Pattern) -> None:
    playwright.expect(page.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)


def settle(page) -> None:
    """Wait until the page is not being computed again: what it shows is what it will show."""
    app = page.get_by_test_id("stApp")
    playwright.expect(app).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT_MS
    )


def download(page, button: str | re.Pattern, path: Path) -> Path:
    """A click on a button that is just being drawn anew may be lost: then once more."""
    wanted = page.get_by_role("button", name=button)
    for _ in range(3):
        settle(page)
        playwright.expect(wanted).to_have_count(1, timeout=WAIT_MS)  # the old one is gone
        with suppress(playwright.TimeoutError):
            with page.expect_download(timeout=WAIT_MS / 3) as begun:
                wanted.click()
            begun.value.save_as(path)
            return path
    raise AssertionError(f"no download began: {button}")


def darken(page) -> None:
    """The dark theme, as for a person whose system is dark."""
    page.emulate_media(color_scheme="dark")
    playwright.expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    page.wait_for_timeout(300)  # colours fade over


def violations(page, impacts: tuple[str, ...] = ("minor", "moderate", "serious", "critical")):
    """What axe has against the page, rule and elements; what fades in or out is looked at again.

    What is being drawn anew is faint until it is there, which is judged at its full strength.
    """
    page.add_style_tag(content="[data-stale='true'] { opacity: 1 !important; transition: none }")
    found = _violations(page, impacts)
    for _ in range(3):
        if not found:
            break
        page.wait_for_timeout(700)
        lasting = {rule for rule, _ in found}
        found = [one for one in _violations(page, impacts) if one[0] in lasting]
    return found


def _violations(page, impacts: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    return [
        (found["id"], [node["html"][:160] for node in found["nodes"]])
        for found in axe.Axe().run(page).response["violations"]
        if found["impact"] in impacts
    ]
