"""What a model sees of a record, where the privacy policies hold for training data too.

A model can only learn from what is stored. So it must not be asked with more: whoever lets it
answer a record shows it exactly what a data set would have of that record. Values that are dropped
or pseudonymised no model sees; generalised ones it sees as coarse as they are stored; encrypted
ones are decrypted for it, in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field, RecordSchema

Row = tuple[Any, ...]
_PSEUDONYM: dict[str, Any] = {
    **{"type": "string", "max_length": MAX_KEY_LENGTH},
    **{"values": (), "minimum": None, "maximum": None},
}
Change = Callable[[Any], Any]


def seen_fields(fields: Iterable[Field], keys: Iterable[str]) -> tuple[Field, ...]:
    """Return the fields that data sets have for models.

    Parameters
    ----------
    fields : iterable of Field
        Those of the record schema.
    keys : iterable of str
        Names of the record key and the subject key: they stay, as texts if they are pseudonymised.
    """
    kept = frozenset(keys)
    seen = []
    for field in fields:
        if field.privacy == "pseudonymise" and field.name in kept:
            seen.append(replace(field, **_PSEUDONYM))
        elif field.privacy not in ("drop", "pseudonymise"):
            seen.append(field)
    return tuple(seen)


def change_of(given: Field, seen: Field) -> Change | None:
    """Return what becomes of a value that is not missing before a model sees it; None: nothing."""
    if seen.generalise is not None and seen.privacy == "generalise":
        return seen.generalise.rule(seen.type, seen.minimum)
    # A key that is pseudonymised in data sets: no model reads it, but it is a text there.
    return None if seen.type == given.type else str


class RowView:
    """Turns records as they come into what a model sees of them.

    Parameters
    ----------
    given : RecordSchema
        The schema of the records that come.
    seen : RecordSchema
        What the model sees; fields of `given`.
    """

    def __init__(self, given: RecordSchema, seen: RecordSchema) -> None:
        self.given, self.seen = given, seen
        places = {name: place for place, name in enumerate(given.names)}
        self.changes = {field.name: change_of(given[field.name], field) for field in seen}
        self._steps = [(places[field.name], self.changes[field.name]) for field in seen]

    @property
    def is_clear(self) -> bool:
        """Whether models see records as they come."""
        return self.seen.names == self.given.names and not any(self.changes.values())

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return what is seen of records in the order of `given`, in the order of `seen`."""
        steps = self._steps
        return [
            tuple(
                row[place] if change is None or row[place] is None else change(row[place])
                for place, change in steps
            )
            for row in rows
        ]
