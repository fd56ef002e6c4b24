"""A curated column while a pipeline is being compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from crispml_core.domain.compiled import CuratedColumn, Lookup, Step
from crispml_core.ports.model_compiler import NotCompilable


@dataclass(frozen=True, slots=True)
class Symbol:
    """What is known of a column at one point of the pipeline.

    Parameters
    ----------
    source : str
        The prepared field it comes from.
    is_text : bool
        Whether that field is text.
    is_date : bool
        Whether it is a date or a moment, which nothing here can curate.
    text_fill : str or None
        While the column is still text: what stands for a missing value.
    steps, lookup
        As in `CuratedColumn`.
    """

    source: str
    is_text: bool
    is_date: bool = False
    text_fill: str | None = None
    steps: tuple[Step, ...] = ()
    lookup: Lookup | None = None

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers by now."""
        return not self.is_text or self.lookup is not None

    def then(self, step: Step) -> Symbol:
        """Return the column after one more operation on numbers."""
        if self.lookup is not None:
            return replace(self, lookup=_mapped(self.lookup, step.operation()))
        if self.is_text:
            raise NotCompilable(f"the text {self.source} is treated as a number")
        return replace(self, steps=(*self.steps, step))

    def filled(self, text: str) -> Symbol:
        """Return a column of text after a text took the place of missing values."""
        return self if self.text_fill is not None else replace(self, text_fill=text)

    def encoded(self, lookup: Lookup) -> Symbol:
        """Return the column after its values were looked up."""
        if self.lookup is not None:
            return replace(self, lookup=_chained(self.lookup, lookup))
        if self.text_fill is not None:
            lookup = replace(lookup, missing=_find(lookup, self.text_fill))
        return replace(self, lookup=lookup)

    def indicator(self) -> Symbol:
        """Return the column that is 1 where this one is missing."""
        if self.is_number:
            return self.then(Step("indicate"))
        missing = float(self.text_fill is None)
        return replace(self, lookup=Lookup((), (), unknown=0.0, missing=missing))

    def finished(self) -> CuratedColumn:
        """Return the curated column."""
        if not self.is_number:
            raise NotCompilable(f"the text {self.source} reaches the estimator as it is")
        lookup = None if self.lookup is None else _shortened(self.lookup)
        return CuratedColumn(
            source=self.source, is_text=self.is_text, steps=self.steps, lookup=lookup
        )


def _mapped(lookup: Lookup, function: Callable[[float], float]) -> Lookup:
    return Lookup(
        lookup.keys,
        tuple(function(value) for value in lookup.values),
        unknown=None if lookup.unknown is None else function(lookup.unknown),
        missing=None if lookup.missing is None else function(lookup.missing),
    )


def _chained(first: Lookup, second: Lookup) -> Lookup:
    """Look up what was looked up; a refusal among the known values cannot be told, so stop."""
    known = [_find(second, value) for value in first.values]
    if any(value is None for value in known):
        raise NotCompilable("one encoder refuses what the encoder before it gives")
    return Lookup(
        first.keys,
        tuple(value for value in known if value is not None),
        unknown=None if first.unknown is None else _find(second, first.unknown),
        missing=None if first.missing is None else _find(second, first.missing),
    )


def _shortened(lookup: Lookup) -> Lookup:
    """Leave out what is treated like an unknown value: of a one-hot column all keys but one."""
    kept = [
        (key, value)
        for key, value in zip(lookup.keys, lookup.values, strict=True)
        if value != lookup.unknown
    ]
    return replace(
        lookup, keys=tuple(key for key, _ in kept), values=tuple(value for _, value in kept)
    )


def _find(lookup: Lookup, value: str | float) -> float | None:
    if value != value:
        return lookup.missing
    table = dict(zip(lookup.keys, lookup.values, strict=True))
    return table.get(value, lookup.unknown)
