"""Method 7, CRISP-DM *deploy*: answer new records.

In come records that keep the record schema, out go their scores column by column, and the fields of
the inputs that may be stored. Ids, groups and durability are the business of the ledger writer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import RecordSchema
from crispml_core.domain.scores import ScoreRows
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import is_private
from crispml_core.ports.scorer import Answers, Scorer

if TYPE_CHECKING:
    import pyarrow as pa

    Rows: TypeAlias = list[tuple[Any, ...]] | tuple[tuple[Any, ...], ...]
    Records: TypeAlias = Rows | pa.RecordBatch

Explain = Callable[[Sequence[tuple[Any, ...]]], list[dict[str, Any]]]


class NewDataScore:
    """Answer records by a loaded model version.

    Parameters
    ----------
    use_case : UseCase
        The definition that the version was trained with.
    scorer : Scorer
        The version.
    conformal : ConformalTable, optional
        What the version knows about its uncertainty.
    explain : callable, optional
        From records to the reasons of their scores.
    """

    def __init__(
        self,
        use_case: UseCase,
        scorer: Scorer,
        conformal: ConformalTable | None = None,
        explain: Explain | None = None,
    ) -> None:
        self._scorer, self._conformal, self._explain = scorer, conformal, explain
        self._classes = use_case.target.classes
        schema = use_case.schema
        self._is_private, self._names = is_private(use_case), list(schema.names)
        self._key = schema.names.index(schema.record_key)
        self._key_is_text = schema[schema.record_key].type == "string"
        self._keep = _keeper(schema)

    def run(
        self,
        records: Records,
        *,
        request_id: str = "",
        explain: bool = False,
        level: float | None = None,
        answers: Answers | None = None,
    ) -> tuple[ScoreRows, list[tuple[Any, ...]] | pa.RecordBatch]:
        """Answer records.

        Parameters
        ----------
        records : list or tuple of tuple, or pyarrow.RecordBatch
            Validated values in the order of the record schema.
        explain : bool
            Whether every score gets its reasons.
        level : float, optional
            The confidence of an interval or a set of classes.
        answers : Answers, optional
            What the version said about the records, when it was asked together with others.

        Returns
        -------
        scores : ScoreRows
            One row per record, in order.
        inputs : list of tuple, or pyarrow.RecordBatch
            What is stored; in tuples dates and moments are text. Of a use case with privacy
            policies the records as they came: whoever stores them applies these.

        Raises
        ------
        InvalidInput
            If the version has no reasons or no intervals.
        """
        if isinstance(records, list | tuple):
            said = answers if answers is not None else self._scorer.answer_rows(records)
            keys = [record[self._key] for record in records]
            inputs: list[tuple[Any, ...]] | pa.RecordBatch = (
                list(records) if self._is_private else list(map(self._keep, records))
            )
        else:
            said = self._scorer.answer_columns(records) if answers is None else answers
            keys = records.column(self._key).to_pylist()
            inputs = records.select(self._names)
        scores = ScoreRows(
            record_keys=keys if self._key_is_text else list(map(str, keys)),
            predictions=said.predictions,
            probabilities=said.probabilities,
            segments=said.segments,
            request_ids=[request_id] * len(keys),
            by_class=said.by_class,
            details=self._details(records, said, explain, level)
            if explain or level is not None
            else None,
        )
        return scores, inputs

    def _details(
        self, records: Records, said: Answers, explain: bool, level: float | None
    ) -> list[str | None]:
        details: list[dict[str, Any]] = [{} for _ in said.predictions]
        if explain:
            if self._explain is None:
                raise InvalidInput("explain: this version gives no reasons; ask without explain")
            given = records if isinstance(records, list | tuple) else _rows(records)
            for detail, explanation in zip(details, self._explain(given), strict=True):
                detail["explanation"] = explanation
        if level is not None:
            for detail, interval in zip(details, self._intervals(said, level), strict=True):
                detail["interval"] = interval
        return [json.dumps(detail) for detail in details]

    def _intervals(self, said: Answers, level: float) -> list[dict[str, Any]]:
        if self._conformal is None:
            raise InvalidInput(
                "interval: this version was trained without intervals; train a new one"
            )
        rule = self._conformal.at(level)
        if said.by_class is not None:
            return [
                rule.details(dict(zip(self._classes, row, strict=True))) for row in said.by_class
            ]
        if not self._classes:
            return [rule.details(number=number) for number in said.predictions]
        first, second = self._classes
        return [
            rule.details({first: 1.0 - p, second: p}) for p in said.probabilities if p is not None
        ]


def _keeper(schema: RecordSchema) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return the function that writes the dates and moments of a record as text."""
    return _with_texts if any(field.type in ("date", "datetime") for field in schema) else tuple


def _with_texts(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.isoformat() if isinstance(value, date) else value for value in values)


def _rows(batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
