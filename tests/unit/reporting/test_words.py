import pytest

from crispml_core.monitoring.names import KPI_NAMES
from crispml_core.reporting import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0.0, "0.000"),
        (0.81234, "0.812"),
        (-2.5, "-2.500"),
        (1234.56, "1,234.6"),
        (0.00012, "0.00012"),
        (12_345_678.0, "1.23e+07"),
        (12345, "12,345"),
        ("<20", "<20"),
    ],
)
def test_numbers_are_short(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.01, "+0.010"), (-0.01, "\N{MINUS SIGN}0.010"), (0.0, "0.000")]
)
def test_differences_have_a_sign(value, text):
    assert words.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(5.0, "5"), (0.25, "0.25"), (12_000.0, "12,000"), (100.0, "100")]
)
def test_amounts_have_no_empty_digits(value, text):
    assert words.plain(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "n/a"),
        (1.5, "1.5 seconds"),
        (600, "10.0 minutes"),
        (36_000, "10.0 hours"),
        (864_000, "10.0 days"),
    ],
)
def test_durations_use_the_largest_unit_that_fits(seconds, text):
    assert words.duration(seconds) == text


def test_times_are_told_to_the_second():
    assert words.moment("2025-03-01T12:30:15.123456Z") == "2025-03-01 12:30:15 UTC"


def test_every_kpi_has_a_title_and_a_meaning():
    names = {name for task in KPI_NAMES.values() for name in task}
    assert names == set(words.KPI_TITLES) == set(words.KPI_MEANING)
