"""Controls made from the axes of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.studies.axis import Axis, axes
from lcc_core.studies.spec import Study

SEEDS = range(10)


def controls(
    start: Study,
    prefix: str,
    options: Mapping[str, Iterable[Any]] | None = None,
    only: Sequence[str] = (),
) -> dict[str, tuple[Any, ...]]:
    """Draw the control of every axis; those that came later and say nothing are folded away.

    Args:
        start: a study whose values the controls start at.
        prefix: of the controls' keys.
        options: axis → what to offer, where the axis itself does not know it.
        only: axes that get a control; by default all.

    Returns:
        Axis → its values.
    """
    offered = options or {}
    shown = [axis for axis in axes() if not only or axis.name in only]
    folded = [
        axis for axis in shown if not only and axis.later and start[axis.name] == axis.default
    ]
    found = {}
    cells = st.columns(2)
    plain = [axis for axis in shown if axis not in folded]
    for place, axis in enumerate(plain):
        found[axis.name] = control(axis, cells[place % 2], start, prefix, offered.get(axis.name))
    if folded:
        with st.expander("More to vary"):
            cells = st.columns(2)
            for place, axis in enumerate(folded):
                cell = cells[place % 2]
                found[axis.name] = control(axis, cell, start, prefix, offered.get(axis.name))
    return found


def control(
    axis: Axis,
    place: DeltaGenerator,
    start: Study,
    prefix: str,
    options: Iterable[Any] | None = None,
) -> tuple[Any, ...]:
    """Draw one axis and return the values that it is set to.

    Raises:
        ValueError: for a typed list that holds something else than the axis's values.
    """
    values = [_shown(axis, one) for one in start[axis.name]]
    known = options or (axis.offered or axis.choices or (lambda: ()))()
    if axis.name == "seeds":
        known = SEEDS
    known = [_shown(axis, one) for one in known]
    label = f"{axis.label} (%)" if axis.percent else axis.label
    asked: dict[str, Any] = {"key": f"{axis.name}-{prefix}", "help": axis.summary}
    if known:
        every = [*known, *(one for one in values if one not in known)]
        chosen = place.multiselect(label, every, values, **asked)
    else:
        text = place.text_input(label, ", ".join(map(str, values)), **asked)
        chosen = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(_value(axis, one) for one in chosen)


def _shown(axis: Axis, value: Any) -> Any:
    """As people read it: percent, and whole numbers without a point."""
    if not axis.percent:
        return value
    percent = round(100 * value, 4)
    return int(percent) if percent == int(percent) else percent


def _value(axis: Axis, shown: Any) -> Any:
    try:
        value = axis.kind(shown)
    except ValueError as error:
        raise ValueError(f"{axis.label}: {shown!r} is no such value") from error
    return round(value / 100, 9) if axis.percent else value
