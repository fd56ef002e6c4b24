"""Method 8, CRISP-DM *monitor*: read the ground truth as it comes.

In come label rows as a caller sent them, out go labels that keep the schema of the target. Joining
them to scores, once each, is the business of the label store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crispml_core.domain.bounds import is_finite, is_within, say_bounds
from crispml_core.domain.errors import InvalidInput, Problem, did_you_mean
from crispml_core.domain.fields import MAX_KEY_LENGTH
from crispml_core.domain.scores import Label
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.findings import Findings

_ENTRIES = ("score_id", "record_key", "label", "label_time", "source", "propensity")
MAX_SOURCE = 200


class NewDataLabel:
    """Validate label rows."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case

    def run(self, rows: Sequence[Any], received_at: datetime) -> list[Label]:
        """Turn rows into labels.

        Parameters
        ----------
        rows : sequence of dict
            Each with ``label``, one of ``score_id`` and ``record_key``, and optionally
            ``label_time`` (RFC 3339), ``source`` and ``propensity``, a number in (0, 1].
        received_at : datetime
            The label time of rows without one.

        Raises
        ------
        InvalidRecords
            If any row is wrong; then none is taken.
        """
        if not rows:
            raise InvalidInput("labels is empty; send at least one label")
        findings = Findings()
        labels = [
            self._label(number, row, received_at, findings) for number, row in enumerate(rows)
        ]
        findings.raise_if_any()
        return [label for label in labels if label is not None]

    def _label(
        self, number: int, row: Any, received_at: datetime, findings: Findings
    ) -> Label | None:
        try:
            return self._read(row, received_at)
        except _Wrong as wrong:
            findings.add(Problem(wrong.rule, wrong.message, wrong.field, number))
            return None

    def _read(self, row: Any, received_at: datetime) -> Label:
        if not isinstance(row, dict):
            raise _Wrong("type", None, "a label is an object with label and score_id or record_key")
        for position, name in enumerate(row):
            if name not in _ENTRIES:
                guess = did_you_mean(name, _ENTRIES)
                raise _Wrong("unknown_field", None, f"entry {position + 1} is not known{guess}")
        if (row.get("score_id") is None) == (row.get("record_key") is None):
            raise _Wrong("missing", "score_id", "give either score_id or record_key")
        return Label(
            value=self._value(row.get("label")),
            label_time=_moment(row.get("label_time"), received_at),
            score_id=_score_id(row.get("score_id")),
            record_key=_record_key(row.get("record_key")),
            source=_source(row.get("source")),
            propensity=_propensity(row.get("propensity")),
        )

    def _value(self, value: Any) -> str | float:
        target = self._use_case.target
        if value is None:
            raise _Wrong("missing", "label", "label is missing")
        if target.is_classification:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, float) and value.is_integer():
                text = str(int(value))
            if text not in target.values:
                allowed = ", ".join(target.values)
                raise _Wrong("category", "label", f"label must be one of {allowed}")
            return text
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Wrong("type", "label", "label must be a number")
        low, high = target.minimum, target.maximum
        if not is_finite(value) or not is_within(value, low, high):
            raise _Wrong("range", "label", f"label must be {say_bounds(low, high)}")
        return float(value)


class _Wrong(Exception):
    """One finding about one row, on its way to the collector."""

    def __init__(self, rule: str, field: str | None, message: str) -> None:
        self.rule, self.field, self.message = rule, field, message


def _score_id(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise _Wrong("type", "score_id", "score_id must be the UUID of a score") from None


def _record_key(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _Wrong("type", "record_key", "record_key must be a text or a whole number")
    key = str(value)
    if len(key) > MAX_KEY_LENGTH:
        raise _Wrong(
            "max_length", "record_key", f"record_key must have at most {MAX_KEY_LENGTH} characters"
        )
    if "\0" in key:
        raise _Wrong("characters", "record_key", "record_key must not hold the character NUL")
    return key


def _moment(value: Any, default: datetime) -> datetime:
    if value is None:
        return default
    try:
        moment = datetime.fromisoformat(value.upper())
        in_utc = moment.astimezone(UTC)
    except (ValueError, AttributeError, TypeError, OverflowError):
        raise _Wrong("type", "label_time", "label_time must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _Wrong("type", "label_time", "label_time needs a time zone, for example Z")
    return in_utc


def _source(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_SOURCE:
        raise _Wrong("type", "source", f"source must be a text of at most {MAX_SOURCE} characters")
    return value


def _propensity(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong("type", "propensity", "propensity must be a number")
    if not 0 < value <= 1:
        raise _Wrong("range", "propensity", "propensity must be more than 0 and at most 1")
    return float(value)
