"""The author's test of the use case."""

from pathlib import Path

from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case

USE_CASE = Path(__file__).with_name("use_case.yaml")


def test_the_use_case_holds():
    """Everything that training and scoring will do with it works on its own data."""
    passed = check_use_case(load_use_case(str(USE_CASE)))
    assert any(line.startswith("gradient_boosting") for line in passed)
