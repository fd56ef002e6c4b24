"""The page of the databases says what the capabilities say."""

from pathlib import Path

from scripts.differences import table

PAGE = Path(__file__).parents[2] / "docs" / "databases.md"


def test_the_table_of_differences_is_that_of_the_capabilities():
    assert table() in PAGE.read_text(), "run: python -m scripts.differences"
