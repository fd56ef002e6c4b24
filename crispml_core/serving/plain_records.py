"""Records that came one per request: those that wait together are answered together.

Each request alone would make columns of one row, which the writer of the ledger would join again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.models import CHAMPION
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import Entry
from crispml_core.serving.scored import ScoreCall


@dataclass(slots=True)
class PlainRecord:
    """One validated record for the champion, without a key and without extras.

    Parameters
    ----------
    active : Active
        The version that answers; its scorer is fast.
    record : tuple
        Values in the order of the record schema.
    """

    active: Active
    record: tuple[Any, ...]
    request_id: str


Place = tuple[int, int]
"""The number of an entry, and a row of it."""


def gathered(
    items: Sequence[Entry | PlainRecord],
) -> tuple[list[Entry], list[Place | Exception]]:
    """Make one entry of all plain records that the same version answers.

    Returns
    -------
    entries : list of Entry
        Those among the items, and one per version.
    places : list
        For each item where its scores are, or why it gets none.
    """
    entries: list[Entry] = []
    places: list[Place | Exception] = [(0, 0)] * len(items)
    plain: dict[int, list[int]] = {}
    for number, item in enumerate(items):
        if type(item) is PlainRecord:
            plain.setdefault(id(item.active), []).append(number)
        else:
            places[number] = (len(entries), 0)
            entries.append(item)  # type: ignore[arg-type]
    for numbers in plain.values():
        together: list[PlainRecord] = [items[number] for number in numbers]  # type: ignore[misc]
        try:
            entry = answered(together)
        except Exception:
            # A record that the version does not take must not cost the others their scores.
            for number, record in zip(numbers, together, strict=True):
                try:
                    entry = answered([record])
                except Exception as error:
                    places[number] = error
                else:
                    places[number] = (len(entries), 0)
                    entries.append(entry)
        else:
            for row, number in enumerate(numbers):
                places[number] = (len(entries), row)
            entries.append(entry)
    return entries, places


def answered(records: Sequence[PlainRecord]) -> Entry:
    """Return the entry of plain records that the same version answers; raises what that raises."""
    active = records[0].active
    scores, inputs = active.loaded.method.run([item.record for item in records])
    scores.request_ids = [item.request_id for item in records]
    call = ScoreCall(use_case=active.served.use_case, alias=CHAMPION)
    entry = Entry(call, active.served, scores, inputs)
    if active.challenger is not None:
        entry.shadow, entry.records = active.challenger, [item.record for item in records]
    return entry
