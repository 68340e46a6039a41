"""Controls made from the settings of a config, in the page's address."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.errors import BadValue
from lcc_core.settings import Setting, settings_of, text_of

URL = "query-params"
MOST_STOPS = 40  # of a slider; what has more is typed
C = TypeVar("C")


def control(
    one: Setting, place: DeltaGenerator, key: str = "", value: Any = None, bound: bool = True
) -> Any:
    """Draw a setting's control and return what it is set to.

    Args:
        one: the setting; its label, help and range are the control's.
        place: where it is drawn.
        key: in the page's address; by default the setting's name.
        value: what it starts at; by default the setting's default.
        bound: whether the address holds it; not in a form, nor where ``value`` depends on others.

    Returns:
        The value, of the setting's kind.
    """
    key = key or one.name
    value = one.default if value is None else value
    label = f"{one.label} ({one.unit})" if one.unit else one.label
    asked: dict[str, Any] = {"key": key, "help": one.help or None, "bind": URL if bound else None}
    if one.many and one.choices:
        return tuple(place.multiselect(label, one.choices, list(value), **asked))
    if one.many or one.reads or (one.kind is str and not one.choices):
        return _typed(one, place.text_input(label, text_of(value or ""), **asked))
    if one.choices and one.kind in (int, float):
        return place.select_slider(label, one.choices, value, **asked)
    if one.choices:
        index = one.choices.index(value) if value in one.choices else 0
        return place.selectbox(label, one.choices, index, **asked)
    if one.kind is bool and one.optional:
        names = {None: "by default", True: "yes", False: "no"}
        return place.selectbox(
            label, list(names), list(names).index(value), format_func=names.__getitem__, **asked
        )
    if one.kind is bool:
        return place.toggle(label, bool(value), **asked)
    kind: Any = one.kind  # int or float
    low = kind(one.low) if math.isfinite(one.low) else None
    high = kind(one.high) if math.isfinite(one.high) else None
    step = kind(one.step) if one.step else None
    if one.optional:
        return place.number_input(label, low, high, value, step, **asked)
    if one.step and (one.high - one.low) / one.step <= MOST_STOPS:
        found: Any = place.slider(label, low, high, kind(value), step, **asked)
        return round(found, 9) if one.kind is float else found
    return kind(place.number_input(label, low, high, kind(value), step, **asked))


def _typed(one: Setting, text: str) -> Any:
    """The value of a text; an empty one says nothing where nothing may be said."""
    if not text.strip() and (one.optional or one.many):
        return None if one.optional else ()
    try:
        return one.read(text)
    except ValueError as error:
        raise BadValue(f"{one.label}: {error}") from error


def configured(config: type[C], columns: int = 4, prefix: str = "", **fixed: Any) -> C:
    """Draw the controls of a config and return what they are set to.

    Settings that are ``advanced`` stand in an expander below the others.

    Args:
        config: the config dataclass.
        columns: controls in a row.
        prefix: of the keys in the page's address, where two configs of a page share names.
        fixed: settings that get no control, with their values.
    """
    shown = [one for one in settings_of(config) if one.name not in fixed]
    values = dict(fixed)
    plain = [one for one in shown if not one.advanced]
    if plain:
        cells = st.columns(columns)
        for place, one in enumerate(plain):
            values[one.name] = control(one, cells[place % columns], prefix + one.name)
    if rest := [one for one in shown if one.advanced]:
        with st.expander("More settings"):
            cells = st.columns(columns)
            for place, one in enumerate(rest):
                values[one.name] = control(one, cells[place % columns], prefix + one.name)
    return config(**values)
