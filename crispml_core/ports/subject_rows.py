"""Where rows are found by whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from crispml_core.domain.erasures import HeldScore


class SubjectRows(Protocol):
    """Scores by their data subject."""

    def scores(self, use_cases: Sequence[str], subject_key_id: str) -> Iterator[HeldScore]:
        """Yield the scores of some use cases with the key of a subject, oldest first.

        There is no index of them, so that no commit has to keep one: all rows are walked over, in
        bounded steps. Shadow scores are among them.
        """
        ...

    def scores_of_record(self, use_case: str, record_key: str) -> Iterator[HeldScore]:
        """Yield the scores of a record, oldest first; its shadow scores are not among them."""
        ...
