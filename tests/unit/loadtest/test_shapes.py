"""The rate over time, by shape."""

from __future__ import annotations

import msgspec
import pytest

from loadtest.config import LoadSettings
from loadtest.shapes import rate_at, users_at

SETTINGS = LoadSettings(rate=100, user_rate=5, seconds=100, warm_up_s=10)


def rates(shape):
    settings = msgspec.structs.replace(SETTINGS, shape=shape)
    return [rate_at(settings, 10 + second) for second in (0, 25, 45, 55, 75, 99)]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("soak", [100, 100, 100, 100, 100, 100]),
        ("ramp", [0, 25, 45, 55, 75, 99]),
        ("steps", [20, 40, 60, 60, 80, 100]),
        ("spike", [25, 25, 100, 100, 25, 25]),
    ],
)
def test_a_shape_holds_its_rates(shape, expected):
    assert rates(shape) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shape", "expected"), [("soak", 100), ("ramp", 10), ("steps", 20), ("spike", 25)]
)
def test_the_warm_up_goes_before_it_and_is_never_idle(shape, expected):
    settings = msgspec.structs.replace(SETTINGS, shape=shape)
    assert rate_at(settings, 3.0) == pytest.approx(expected)


def test_a_load_ends():
    assert rate_at(SETTINGS, 109.9) is not None
    assert rate_at(SETTINGS, 110.0) is None
    assert users_at(SETTINGS, 110.0, 2) is None


def test_each_user_stands_for_a_part_of_the_rate():
    assert users_at(SETTINGS, 50.0, 0) == 20
    assert users_at(SETTINGS, 50.0, 3) == 23
