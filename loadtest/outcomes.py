"""What became of a request."""

from __future__ import annotations

from enum import StrEnum

_REFUSALS = frozenset({400, 422})
# Who is not known, may not, or comes too often or too slowly: no word about the record.
_NOT_ABOUT_RECORDS = frozenset({401, 403, 404, 405, 408, 429})


class Outcome(StrEnum):
    """What became of a request that was due.

    ``unsent``: it was due, and the load ended before its turn came.
    ``failed``: it got no answer, a broken one, or one that says nothing about its records.
    """

    ANSWERED = "answered"
    REFUSED_INVALID = "refused_invalid"
    REFUSED_VALID = "refused_valid"
    ACCEPTED_INVALID = "accepted_invalid"
    FAILED = "failed"
    UNSENT = "unsent"

    @property
    def is_good(self) -> bool:
        """Whether the service did what it must."""
        return self in (Outcome.ANSWERED, Outcome.REFUSED_INVALID)


def outcome_of(status: int, *, is_valid: bool) -> Outcome:
    """Return what an answer means for a request whose records are valid, or are not."""
    if 200 <= status < 300:
        return Outcome.ANSWERED if is_valid else Outcome.ACCEPTED_INVALID
    if status in _REFUSALS and not is_valid:
        return Outcome.REFUSED_INVALID
    if 400 <= status < 500 and status not in _NOT_ABOUT_RECORDS and is_valid:
        return Outcome.REFUSED_VALID
    return Outcome.FAILED
