"""A job in a browser: seen from elsewhere, found after a reload, cancelled and resumed."""

from __future__ import annotations

import re

from look import WAIT_MS, playwright, see, violations


def test_a_training_is_followed_cancelled_and_resumed(page, address: str) -> None:
    page.goto(f"{address}/jobs")
    see(page, "No job yet")
    assert not violations(page)

    page.goto(f"{address}/train?data=tiny")
    epochs = page.get_by_role("spinbutton", name="Epochs", exact=True).first
    epochs.fill("1000")
    epochs.press("Enter")
    page.get_by_role("button", name="Train", exact=True).click()
    see(page, re.compile(r"epoch \d+ of 1000"))

    page.get_by_role("link", name="Data", exact=True).click()
    sidebar = page.get_by_test_id("stSidebar")
    running = re.compile(r"Training .* on tiny · \d+ % · .* left")
    playwright.expect(sidebar.get_by_text(running).first).to_be_visible(timeout=WAIT_MS)
    page.reload()
    playwright.expect(sidebar.get_by_text(running).first).to_be_visible(timeout=WAIT_MS)
    sidebar.get_by_role("link", name="All jobs").click()

    see(page, re.compile(r"epoch \d+ of 1000"))
    see(page, re.compile(r"train: epoch \d+ of 1000"))  # the log
    playwright.expect(page.get_by_role("heading", name="Running").first).to_be_visible()
    page.wait_for_timeout(1500)
    assert not violations(page)
    page.get_by_role("button", name="Cancel", exact=True).click()
    see(page, "cancelled")
    playwright.expect(sidebar.get_by_text(running)).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_timeout(1500)
    assert not violations(page)

    page.get_by_role("button", name="Resume", exact=True).click()
    playwright.expect(page.get_by_role("heading", name="Running").first).to_be_visible(
        timeout=WAIT_MS
    )
    see(page, re.compile(r"epoch \d+ of 1000"))
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Clear", exact=True).click()
    see(page, "No job yet")
