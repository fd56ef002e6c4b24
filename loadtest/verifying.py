"""Reading the ledger over REST, and holding it against what clients were told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from crispml_core.client import CrispMLClient, Score, UseCaseInfo
from crispml_core.domain.identifiers import moment_of_id
from loadtest import told
from loadtest.account import Account, Comparison

# A group is dated by the clock of its service, and its id too, within the time of a commit.
_MARGIN = timedelta(seconds=30)
# What was acknowledged out of a journal gets into the ledger when the database is back.
_PATIENCE_S, _PAUSE_S = 30.0, 1.0


def keeps_keys(use_case: UseCaseInfo) -> bool:
    """Return whether the ledger has the record keys themselves, and no pseudonyms."""
    return all(field.is_clear for field in use_case.fields if field.name == use_case.record_key)


def verify(
    client: CrispMLClient, use_case: UseCaseInfo, told_file: Path, folder: Path
) -> Comparison:
    """Look for each acknowledged score in the ledger.

    Pages of the ledger are read newest first, from the last score that was told to the first one.

    Parameters
    ----------
    told_file : Path
        What clients were told, see `loadtest.told`.
    folder : Path
        Where the comparison may keep a file.
    """
    has_keys = keeps_keys(use_case)
    with Account(folder / "account.sqlite") as account:
        account.tell(told.read(told_file))
        span = account.span()
        if span is None:
            return account.compare()
        start, end = (moment_of_id(str(each)) for each in span)
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            scores = client.scoring.scores(
                use_case=use_case.name, start=start - _MARGIN, end=end + _MARGIN
            )
            account.hold(_rows(scores, has_keys))
            found = account.compare()
            if not found.missing or time.monotonic() > deadline:
                return found
            time.sleep(_PAUSE_S)
            account.forget_ledger()


def _rows(scores: Iterator[Score], has_keys: bool) -> Iterator[tuple[bytes, bytes, bytes]]:
    for score in scores:
        value = told.value_digest(
            score.prediction,
            score.probability,
            score.version,
            score.record_key if has_keys else None,
        )
        yield UUID(score.score_id).bytes, told.key_digest(score.record_key), value
