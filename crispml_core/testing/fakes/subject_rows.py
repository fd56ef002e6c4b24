"""Scores by whose they are, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crispml_core.domain.erasures import HeldScore
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import ScoreGroup
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


class FakeSubjectRows:
    """The scores of a `FakeScoreLedger`.

    Parameters
    ----------
    ledger : FakeScoreLedger
        Keeps the scores.
    """

    def __init__(self, ledger: FakeScoreLedger) -> None:
        self._ledger = ledger

    def scores(self, use_cases: Sequence[str], subject_key_id: str) -> Iterator[HeldScore]:
        """Yield the scores of some use cases with the key of a subject, oldest first."""
        for group in self._ledger.groups:
            for row, key_id in enumerate(group.scores.subject_key_ids or ()):
                if key_id == subject_key_id and group.use_case in use_cases:
                    yield _held(group, row)

    def scores_of_record(self, use_case: str, record_key: str) -> Iterator[HeldScore]:
        """Yield the scores of a record, oldest first."""
        for group in self._ledger.groups:
            for row, key in enumerate(group.scores.record_keys):
                if (group.use_case, key) == (use_case, record_key) and group.alias != SHADOW:
                    yield _held(group, row)


def _held(group: ScoreGroup, row: int) -> HeldScore:
    key_ids = group.scores.subject_key_ids
    return HeldScore(
        score=group.score(row),
        inputs=group.inputs,
        encoding=group.encoding,
        subject_key_id=None if key_ids is None else key_ids[row],
        is_shadow=group.alias == SHADOW,
    )
