"""Single records, with what their privacy policies let through; see `private_records`.

Most requests are one record, of which the policies change a few fields: so what is kept is taken
out of it at once, and only those few are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, TypeAlias

from crispml_core.domain.privacy import Rule

Row: TypeAlias = "tuple[Any, ...]"
Step: TypeAlias = "tuple[int, Rule | None, bool]"
"""Where a kept field is in a record, its rule, and whether it becomes text."""


def row_maker(steps: Sequence[Step]) -> Callable[[Row], Row]:
    """Return the function from a record to what is stored of it; nothing of it is encrypted."""
    changes = [
        (number, _change(rule, is_time))
        for number, (_, rule, is_time) in enumerate(steps)
        if rule is not None or is_time
    ]
    take = _taker([place for place, _, _ in steps])
    if not changes:
        return take

    def row(record: Row) -> Row:
        kept = list(take(record))
        for number, change in changes:
            value = kept[number]
            if value is not None:
                kept[number] = change(value)
        return tuple(kept)

    return row


def _taker(places: Sequence[int]) -> Callable[[Row], Row]:
    if len(places) > 1:
        return itemgetter(*places)  # a tuple, at the speed of C
    return lambda record: tuple(record[place] for place in places)


def _change(rule: Rule | None, is_time: bool) -> Rule:
    if not is_time:
        assert rule is not None
        return rule
    return lambda value: _as_text(value if rule is None else rule(value))


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
