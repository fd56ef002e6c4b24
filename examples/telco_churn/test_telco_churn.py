"""The author's test of the use case."""

from pathlib import Path

from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case

USE_CASE = Path(__file__).with_name("use_case.yaml")


def test_qa_learns_from_data_that_tell_less_and_has_the_same_definition():
    """What qa sees of the pool is a use case of its own that holds, under the digest of prod."""
    qa, prod = (load_use_case(str(USE_CASE), where) for where in ("qa", "prod"))
    assert qa.digest == prod.digest
    check_use_case(qa)
    assert qa.schema["tenure"].generalise.width == 12
    assert prod.schema["tenure"].privacy == "keep"


def test_the_use_case_holds():
    """Everything that training and scoring will do with it works on its own data."""
    passed = check_use_case(load_use_case(str(USE_CASE)))
    assert any(line.startswith("gradient_boosting") for line in passed)
