"""Controls that are made of settings give values of their kinds."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from visit import WAIT_S


def script(kind: str) -> None:
    """A page of one setting; what it is set to is in the session."""
    from dataclasses import dataclass

    import streamlit as st

    from lcc_core.settings import setting, settings_of
    from lcc_core.units import names, parse_size
    from pages.ui.guard import guard
    from pages.ui.setting_controls import control

    @dataclass(frozen=True)
    class Config:
        levels: tuple[int, ...] = setting((8, 4), "Levels", low=1)
        sets: tuple[str, ...] | None = setting(None, "Sets")
        classes: tuple[str, ...] = setting((), "Classes", reads=names)
        limit: int | None = setting(None, "Limit", reads=parse_size)
        note: str | None = setting(None, "Note")

    one = next(one for one in settings_of(Config) if one.name == kind)
    with guard():
        st.session_state["found"] = control(one, st.container(), bound=False)


def set_to(kind: str, text: str | None) -> AppTest:
    test = AppTest.from_function(script, default_timeout=WAIT_S, kwargs={"kind": kind})
    test.run()
    if text is not None:
        test.text_input[0].set_value(text).run()
    assert not test.exception
    return test


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("levels", None, (8, 4)),
        ("levels", "3, 5", (3, 5)),
        ("levels", "", ()),
        ("sets", None, None),
        ("sets", " ", None),
        ("sets", "a, b", ("a", "b")),
        ("sets", '["a, b", "c"]', ("a, b", "c")),
        ("classes", "a,,b", ("a", "", "b")),  # every place counts
        ("limit", "", None),
        ("limit", "20GB", 20_000_000_000),
        ("note", "", None),
        ("note", "x", "x"),
    ],
)
def test_what_is_typed(kind: str, text: str | None, value: Any) -> None:
    assert set_to(kind, text).session_state["found"] == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [("levels", "3, x", "'x'"), ("sets", '["a"', "JSON"), ("limit", "much", "'much'")],
)
def test_what_does_not_work_is_said(kind: str, text: str, said: str) -> None:
    test = set_to(kind, text)
    assert said in test.error[0].value
