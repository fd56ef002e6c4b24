"""The author's test of the use case."""

import sys
from pathlib import Path

from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case


def test_the_use_case_holds(monkeypatch):
    """Everything that training and scoring will do with it works on its own data."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    try:
        passed = check_use_case(load_use_case("orders_returned:use_case"))
    finally:
        sys.modules.pop("orders_returned", None)
    assert "source: 600 rows keep the record schema" in passed
