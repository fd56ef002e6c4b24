"""Records to send: drawn from the data of the use case and from its record schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from crispml_core.client import ClientError, CrispMLClient, UseCaseInfo
from crispml_core.domain.datasets import Stage
from loadtest.damage import damage, damages
from loadtest.drawing import draw
from loadtest.keys import RecordKeys

_SAMPLE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record, and what becomes of it.

    Parameters
    ----------
    values : dict
        By field name.
    truth : str or float
        Its ground truth: that of the row it was drawn from, or one of chance.
    broken : str
        The rule that it breaks; empty for a valid one.
    """

    values: dict[str, Any]
    truth: str | float
    broken: str = ""


class Records:
    """Draws records of one use case; each has a key of its own.

    Parameters
    ----------
    use_case : UseCaseInfo
        Gives the record schema and the target.
    rows : sequence of mapping
        Rows of its data, by column name; without any, all records are drawn from the schema.
    chance : Random
        What draws.
    invalid_share, schema_share : float
        See `loadtest.config.LoadSettings`.
    """

    def __init__(
        self,
        use_case: UseCaseInfo,
        rows: Sequence[Mapping[str, Any]],
        chance: Random,
        *,
        invalid_share: float,
        schema_share: float,
    ) -> None:
        self.use_case = use_case
        self._chance, self._rows = chance, rows
        self._invalid_share = invalid_share
        self._schema_share = schema_share if rows else 1.0
        self._clear = _clear_names(use_case)
        self._others = [field for field in use_case.fields if field.name not in self._clear]
        key = next(field for field in use_case.fields if field.name == use_case.record_key)
        self._keys = RecordKeys(key)
        self._ways = damages(use_case.fields, use_case.record_key)

    def valid(self) -> Drawn:
        """Return a record that must be accepted."""
        if self._chance.random() < self._schema_share:
            values = {field.name: draw(field, self._chance) for field in self.use_case.fields}
            truth = self._truth()
        else:
            row = self._chance.choice(self._rows)
            values = {name: row[name] for name in self._clear}
            values |= {field.name: draw(field, self._chance) for field in self._others}
            truth = row[self.use_case.target.name]
        values[self.use_case.record_key] = self._keys.next()
        return Drawn(values, truth)

    def invalid(self) -> Drawn:
        """Return a record that must be refused."""
        drawn = self.valid()
        return Drawn(drawn.values, drawn.truth, damage(drawn.values, self._ways, self._chance))

    def batch(self, rows: int) -> list[Drawn]:
        """Return the records of one request; in a share of the requests one of them is invalid."""
        drawn = [self.valid() for _ in range(rows)]
        if self._chance.random() < self._invalid_share:
            drawn[self._chance.randrange(rows)] = self.invalid()
        return drawn

    def _truth(self) -> str | float:
        target = self.use_case.target
        if target.values:
            return self._chance.choice(target.values)
        low = 0.0 if target.minimum is None else target.minimum
        high = low + 1.0 if target.maximum is None else target.maximum
        return self._chance.uniform(low, high)


def read_rows(client: CrispMLClient, use_case: UseCaseInfo) -> list[dict[str, Any]]:
    """Return rows of the newest raw data set of a use case; none where there is none to be read.

    Whoever runs a load test may be allowed to score and not to see data.
    """
    columns = [*_clear_names(use_case), use_case.target.name]
    listing = client.training.datasets(use_case=use_case.name, stage=Stage.RAW, limit=1)
    try:
        newest = next(iter(listing), None)
        if newest is None:
            return []
        rows = client.training.rows(newest.id, columns=columns, limit=_SAMPLE_ROWS)
        return list(islice(rows, _SAMPLE_ROWS))
    except ClientError:
        return []


def _clear_names(use_case: UseCaseInfo) -> list[str]:
    """Return the fields whose values a data set has as a request would: masked ones break rules."""
    return [field.name for field in use_case.fields if field.is_clear]
