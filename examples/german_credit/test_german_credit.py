"""The author's test of the use case."""

import csv
import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

from crispml_core.tables.records import from_records
from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case

USE_CASE = Path(__file__).with_name("use_case.py")


@pytest.fixture
def town():
    """Make the town of the drift story: ``town(seed)``."""
    file = USE_CASE.with_name("drift_world.py")
    spec = importlib.util.spec_from_file_location("drift_world_of_the_test", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Town


def test_the_use_case_holds():
    """Everything that training and scoring will do with it works on its own data."""
    passed = check_use_case(load_use_case(f"{USE_CASE}:german_credit"))
    assert "source: 1000 rows keep the record schema" in passed


def test_each_row_has_the_status_that_belongs_to_it():
    """No column is in an order of its own: these are the counts of the published data."""
    with USE_CASE.with_name("german_credit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((row["personal_status_sex"], row["risk"]) for row in rows) == {
        ("female : divorced/separated/married", "good"): 201,
        ("female : divorced/separated/married", "bad"): 109,
        ("male : divorced/separated", "good"): 30,
        ("male : divorced/separated", "bad"): 20,
        ("male : married/widowed", "good"): 67,
        ("male : married/widowed", "bad"): 25,
        ("male : single", "good"): 402,
        ("male : single", "bad"): 146,
    }


def test_the_town_of_the_story_keeps_the_record_schema_and_its_seed(town):
    """Applicants are valid records, and the same for the same seed."""
    schema = load_use_case(f"{USE_CASE}:german_credit").schema
    drawn = town(3).month(6, 500)
    _, findings = from_records([applicant.record for applicant in drawn], schema)
    findings.raise_if_any()
    assert drawn == town(3).month(6, 500)
    assert drawn != town(4).month(6, 500)


def test_the_broker_of_the_story_comes_in_its_month_and_not_before(town):
    """Bad risks are as frequent as their probabilities say, before the drift and in it."""
    assert not any(applicant.is_from_broker for applicant in town(0).month(4, 2000))
    drawn = town(0).month(5, 2000)
    assert 0.65 < sum(applicant.is_from_broker for applicant in drawn) / 2000 < 0.75
    expected = sum(applicant.probability for applicant in drawn)
    assert abs(sum(applicant.truth == "bad" for applicant in drawn) - expected) < 100
