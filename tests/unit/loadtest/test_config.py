"""Settings come from the environment, and are told on as they came."""

from __future__ import annotations

import pytest

from crispml_core.domain.errors import InvalidInput
from loadtest.config import LoadSettings, credential, read_settings


def test_another_process_reads_what_this_one_has():
    settings = LoadSettings(scenarios=("single", "mixed"), rate=12.5, processes=3, seed=7)
    assert read_settings(settings.environment()) == settings


def test_what_is_given_counts_before_the_environment():
    environment = {"LOADTEST_RATE": "7", "LOADTEST_SECONDS": "9", "CRISPML_OTHER": "x"}
    settings = read_settings(environment, rate=8.0, seconds=None)
    assert (settings.rate, settings.seconds) == (8.0, 9.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOADTEST_RAT", "7"),
        ("LOADTEST_RATE", "fast"),
        ("LOADTEST_RATE", "0"),
        ("LOADTEST_SHAPE", "round"),
        ("LOADTEST_SCENARIOS", "single,unknown"),
        ("LOADTEST_INVALID_SHARE", "2"),
        ("LOADTEST_PROCESSES", "0"),
    ],
)
def test_a_setting_without_meaning_is_refused(name, value):
    with pytest.raises(InvalidInput, match="LOADTEST_"):
        read_settings({name: value})


def test_a_key_lies_in_a_file_or_in_the_environment(tmp_path):
    file = tmp_path / "key"
    file.write_text("from file\n")
    environment = {"CRISPML_API_KEY": "from environment"}
    assert credential(LoadSettings(key_file=str(file)), environment) == "from file"
    assert credential(LoadSettings(), environment) == "from environment"
    assert credential(LoadSettings(), {}) is None


def test_without_a_training_service_nobody_trains():
    settings = LoadSettings(scenarios=("mixed",))
    assert "TrainingCycles" in settings.user_classes()
    assert "TrainingCycles" not in settings.user_classes(has_training=False)
    assert "MixedLife" in settings.user_classes(has_training=False)
