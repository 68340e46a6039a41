"""Settings that are described once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.errors import LccError
from lcc_core.settings import (
    changed_settings,
    check_settings,
    config_from,
    option_words,
    setting,
    settings_json,
    settings_of,
)


@dataclass(frozen=True)
class Config:
    bits: int = setting(8, "Bits", "Bits of a weight.", choices=(1, 2, 4, 8))
    margin: float = setting(0.5, "Margin", "Points.", low=0, high=100, unit="points")
    tiles: int = setting(0, "Tiles", "So many; 0: all.", low=0)
    name: str = setting("a", "Name", "Any.")
    on: bool = setting(True, "On", "Or off.")
    beta: float | None = setting(None, "Beta", "A share.", low=0, high=1)
    levels: tuple[float, ...] = setting((1.0,), "Levels", "Some.", low=0)
    hidden: int = 3

    def __post_init__(self) -> None:
        check_settings(self)


def test_settings_are_read_from_the_fields() -> None:
    found = {one.name: one for one in settings_of(Config)}
    assert list(found) == ["bits", "margin", "tiles", "name", "on", "beta", "levels"]
    assert (found["margin"].kind, found["margin"].default) == (float, 0.5)
    assert (found["beta"].kind, found["beta"].optional) == (float, True)
    assert (found["levels"].kind, found["levels"].many) == (float, True)
    assert found["bits"].option == "--bits" and found["bits"].allowed == "one of 1, 2, 4, 8"
    assert (
        found["margin"].allowed == "0…100 points"
        and found["tiles"].allowed == "0 or more, a whole number"
    )


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"bits": 3}, "bits=3 is not allowed: it must be one of 1, 2, 4, 8"),
        ({"bits": 4.0}, "bits=4.0"),
        ({"bits": True}, "bits=True"),
        ({"margin": -0.1}, "margin=-0.1 is not allowed: it must be 0…100 points"),
        ({"margin": math.nan}, "margin=nan"),
        ({"margin": "1"}, "margin='1'"),
        ({"tiles": -1}, "tiles=-1"),
        ({"name": 1}, "name=1"),
        ({"on": 1}, "on=1"),
        ({"beta": 2.0}, "beta=2.0"),
        ({"levels": ()}, "levels="),
        ({"levels": [1.0]}, "levels="),
        ({"levels": (1.0, -1.0)}, "levels=-1.0"),
    ],
)
def test_wrong_values_are_named(wrong: dict, text: str) -> None:
    with pytest.raises(ValueError, match="is not allowed") as found:
        Config(**wrong)
    assert text in str(found.value)


@given(st.integers(0, 100) | st.floats(0, 100))
def test_every_number_in_the_range_is_allowed(value: float) -> None:
    assert Config(margin=value).margin == value


def test_a_config_goes_through_json_and_back() -> None:
    config = Config(bits=2, levels=(0.5, 1.0))
    assert settings_json(config)["levels"] == [0.5, 1.0]
    assert changed_settings(config) == {"bits": 2, "levels": [0.5, 1.0]}
    assert changed_settings(Config()) == {}
    assert config_from(Config, settings_json(config), "It") == config
    with pytest.raises(LccError, match=r"It has no setting 'bit'\. It has: bits, margin"):
        config_from(Config, {"bit": 2}, "It")
    with pytest.raises(
        LccError, match=r"It: bits=3 is not allowed: it must be one of 1, 2, 4, 8\."
    ):
        config_from(Config, {"bits": 3}, "It")


@dataclass(frozen=True)
class Named:
    model: str = setting(label="Model", help="Which.", positional=True)
    tuned: bool = setting(False, "Tuned", "Or not.")


def test_what_must_be_said() -> None:
    with pytest.raises(LccError, match=r"It needs 'model'\. It is text\."):
        config_from(Named, {}, "It")


def test_the_equal_words() -> None:
    assert option_words(Config(margin=1.0, on=False, levels=(0.5, 1.0), name="x y")) == [
        "--margin", "1", "--name", "x y", "--no-on", "--levels", "0.5,1",
    ]  # fmt: skip
    assert option_words(Config(margin=1 / 3)) == ["--margin", "0.3333333333333333"]
    assert option_words(Named("a", True)) == ["a", "--tuned"]
