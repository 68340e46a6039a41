"""A fault of the program on a page: told in one line, and kept where the line says."""

from __future__ import annotations

import pytest
from visit import page, words

from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.logs import LOG, LOGS
from pages.ui import jobstrip, session
from pages.ui.plain import plain

FAULT = "KeyError: 'planted'"


def planted(*_: object, **__: object) -> None:
    raise KeyError("planted")


@pytest.mark.parametrize("name", ["compress", "coresets", "channels"])
def test_a_fault_is_told_and_logged(home: Home, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(session, "checkpoints", planted)
    test = page(name)
    assert not test.exception
    [told] = test.error
    assert told.value.startswith(f"**This is a fault of the program.** {plain(FAULT)}")
    log = home.folder(LOGS) / LOG
    assert LOG in told.value and "in planted" in log.read_text()


def test_one_beside_the_page_leaves_the_page(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobstrip, "show", planted)
    test = page()
    assert len(test.error) == 1 and len(test.title) == 1


def test_an_error_for_the_user_is_not_logged(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise LccError("It is so.", "Do that.")

    monkeypatch.setattr(session, "checkpoints", refuse)
    test = page("compress")
    assert "**It is so.** Do that." in words(test)
    assert not home.folder(LOGS).exists()
