"""The use case: the one thing a data scientist writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.approval import ApprovalPolicy
from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.datasets import SPLIT_COLUMN, SUBJECT_COLUMN
from crispml_core.domain.drift import DRIFT_NAMES
from crispml_core.domain.environments import EnvironmentData
from crispml_core.domain.errors import InvalidInput, NotFound, did_you_mean
from crispml_core.domain.expressions import Expression, Kind, parse
from crispml_core.domain.fairness import Fairness
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.domain.identifiers import check_field_name, check_name
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.seen import seen_fields
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target


@dataclass(frozen=True, slots=True)
class Derive:
    """A prepared field computed from others of the same record.

    Parameters
    ----------
    name : str
        The new field.
    expression : Expression or str
        How it is computed; may read fields derived before it.
    """

    name: str
    expression: Expression

    def __init__(self, name: str, expression: Expression | str) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(
            self, "expression", parse(expression) if isinstance(expression, str) else expression
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the records that go to ``train``, ``select`` and ``test``."""

    train: float = 0.6
    select: float = 0.2
    test: float = 0.2

    def __post_init__(self) -> None:
        shares = (self.train, self.select, self.test)
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
            raise InvalidInput("split: train, select and test must be above 0 and sum to 1")


PrepareFunction = Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """What a data scientist declares; everything else follows from it.

    Parameters
    ----------
    name : str
        Lower case; also the name of the registered model.
    target : Target
        What is predicted.
    record_key : str
        The field that identifies a record in the business.
    fields : tuple of Field
        The record schema, the record key included, the target not.
    source : CsvSource, ParquetSource, SqlSource or object with ``read``
        Where the data come from.
    algorithms : tuple of Algorithm
        At least one.
    prepare : tuple of Derive, or callable
        Derived fields, or a function from a pandas frame to a new pandas frame with the same rows
        and further columns. It must treat each row on its own.
    segments : tuple of Segment
        Groups that reports look at.
    cost_matrix : CostMatrix, optional
        For a binary target; without it both mistakes cost 1.
    gates : tuple of Gate
        What a version must reach before it may become champion.
    split : Split
        Shares of train, select and test.
    monitoring : Monitoring
        How a released model is watched.
    approval : ApprovalPolicy
        What must be known about a version before somebody may approve it.
    subject_key : str, optional
        The field that identifies the person behind a record: with the key of that person values
        are encrypted, and by it they are erased. The record key unless it is declared.
    privacy : DataSetPrivacy
        What holds for its data sets.
    environments : tuple of EnvironmentData
        What of the data pool an environment may see, if not all of it.
    pool : Expression, optional
        The rows of the data pool that may be read here; set by `in_environment`.
    version, description : str
        For people.
    digest : str
        SHA-256 of the definition as it was loaded, without its monitoring and its approval; set by
        the loader.
    module : str
        Python module it was loaded from, whose types a model may contain; set by the loader.
    """

    name: str
    target: Target
    record_key: str
    fields: tuple[Field, ...]
    source: Any
    algorithms: tuple[Algorithm, ...]
    prepare: tuple[Derive, ...] | PrepareFunction = ()
    segments: tuple[Segment, ...] = ()
    cost_matrix: CostMatrix | None = None
    gates: tuple[Gate, ...] = ()
    split: Split = field(default_factory=Split)
    monitoring: Monitoring = field(default_factory=Monitoring)
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    subject_key: str | None = None
    privacy: DataSetPrivacy = field(default_factory=DataSetPrivacy)
    environments: tuple[EnvironmentData, ...] = ()
    pool: Expression | None = None
    version: str = "1"
    description: str = ""
    digest: str = ""
    module: str = ""

    def __post_init__(self) -> None:
        for name in ("fields", "algorithms", "segments", "gates", "environments"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not callable(self.prepare):
            object.__setattr__(self, "prepare", tuple(self.prepare))
        check_name(self.name, "the name of a use case")
        if not self.algorithms:
            raise InvalidInput(f"use case {self.name}: declare at least one algorithm")
        _unique("algorithm", (algorithm.name for algorithm in self.algorithms))
        _unique("segment", (segment.name for segment in self.segments))
        _unique("environment", (data.name for data in self.environments))
        if self.target.name in self.schema:
            raise InvalidInput(
                f"use case {self.name}: the target {self.target.name} must not be among the fields"
            )
        if self.subject_key is not None and self.subject_key not in self.schema:
            raise InvalidInput(f"use case {self.name}: subject_key is not among the fields")
        self._check_subject()
        if self.cost_matrix is not None and self.target.task != "binary":
            raise InvalidInput(f"use case {self.name}: a cost matrix needs a binary target")
        self.privacy.check_columns({*self.schema.names, self.target.name})
        for fair in self.monitoring.fairness:
            self._check_fairness(fair)
        self._check_drift()
        self._check_prepared()

    @cached_property
    def schema(self) -> RecordSchema:
        """The record schema."""
        return RecordSchema(self.fields, self.record_key)

    @property
    def costs(self) -> CostMatrix:
        """The cost matrix; both mistakes cost 1 when none is declared."""
        return self.cost_matrix or CostMatrix(false_positive=1.0, false_negative=1.0)

    @property
    def derived(self) -> tuple[Derive, ...]:
        """The declared steps of the preparation; empty when it is a function."""
        return () if callable(self.prepare) else self.prepare

    @property
    def subject_field(self) -> str:
        """The field that says whose a record is: the record key if no subject key is declared."""
        return self.subject_key or self.record_key

    @property
    def has_subjects(self) -> bool:
        """Whether scores are stored with the key of their data subject."""
        return self.subject_key is not None or any(
            field.privacy == "encrypt" for field in self.fields
        )

    @property
    def not_features(self) -> tuple[str, ...]:
        """Columns that a curation never sees: keys, the target and the split."""
        keys = {self.record_key, self.subject_field}
        return (*sorted(keys), self.target.name, SPLIT_COLUMN, SUBJECT_COLUMN)

    @cached_property
    def seen(self) -> UseCase:
        """What its data sets have for models: the use case itself, unless policies hold for them.

        Everything from the preparation on works with this one.
        """
        if not self.privacy.training:
            return self
        fields = seen_fields(self.fields, (self.record_key, self.subject_field))
        return self if fields == self.fields else replace(self, fields=fields)

    def in_environment(self, name: str) -> UseCase:
        """Return the use case as an environment has it: its rows of the data pool, its policies.

        Every environment that is declared is checked, whatever the `name`.

        Raises
        ------
        InvalidInput
            If a declared environment leaves nothing that its models could be made of.
        """
        found = self
        kinds = {one.name: kind_of(one) for one in (*self.fields, self.target.field)}
        for data in self.environments:
            data.check_filter(kinds)
            masked = self._masked(data)
            if data.name == name:
                found = masked
        return found

    def _masked(self, data: EnvironmentData) -> UseCase:
        training = self.privacy.training or bool(data.fields)
        try:
            masked = replace(
                self,
                fields=data.masked(self.fields),
                privacy=replace(self.privacy, training=training),
                pool=data.filter,
            )
            masked.check_seen()
        except InvalidInput as error:
            raise InvalidInput(f"environment {data.name}: {error.message}") from error
        return masked

    def check_seen(self) -> None:
        """Raise `InvalidInput` unless what models see is a use case of its own.

        Derived fields, segments and quasi-identifiers are made of what is seen.
        """
        for name in self.privacy.columns if self.privacy.training else ():
            if name in self.schema and self.schema[name].privacy == "encrypt":
                raise InvalidInput(
                    f"privacy: the field {name} is encrypted in data sets, so it tells nothing to "
                    "who reads them: do not count it as a quasi-identifier or as sensitive"
                )
        try:
            _ = self.seen
        except InvalidInput as error:
            raise InvalidInput(
                f"without the fields that policies keep out of data sets: {error.message}"
            ) from error

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Kind of every field that an expression may read, derived ones included."""
        return kinds_of(self.schema, self.derived)

    def algorithm(self, name: str) -> Algorithm:
        """Return the algorithm `name`, or raise `NotFound` that lists the known ones."""
        for algorithm in self.algorithms:
            if algorithm.name == name:
                return algorithm
        raise NotFound("algorithm", [algorithm.name for algorithm in self.algorithms])

    def _check_subject(self) -> None:
        """Check that every record says whose it is, if somebody needs to know."""
        subject = self.schema[self.subject_field]
        if subject.type not in ("string", "integer"):
            raise InvalidInput(
                f"use case {self.name}: the subject_key must be a string or an integer"
            )
        if subject.nullable and any(field.privacy == "encrypt" for field in self.fields):
            raise InvalidInput(
                f"use case {self.name}: the subject_key must not be nullable, because values are "
                "encrypted with the key of their subject"
            )

    def _check_drift(self) -> None:
        """Check that what has thresholds of its own exists."""
        known = (*self.schema.names, *DRIFT_NAMES)
        for entry in self.monitoring.drift.fields:
            if entry.field not in known:
                raise InvalidInput(
                    f"use case {self.name}: monitoring.drift: the field {entry.field} does not "
                    f"exist{did_you_mean(entry.field, known)}"
                )

    def _check_fairness(self, fair: Fairness) -> None:
        """Check that what is to be fair exists."""
        segments = {segment.name: segment for segment in self.segments}
        if fair.segment not in segments:
            guess = did_you_mean(fair.segment, segments)
            raise InvalidInput(f"{fair}: the segment is not declared{guess}")
        if fair.favourable is None and self.target.is_classification:
            raise InvalidInput(f"{fair}: favourable must be one of the classes")
        if fair.favourable is not None and fair.favourable not in self.target.values:
            raise InvalidInput(
                f"{fair}: favourable must be one of the classes"
                if self.target.is_classification
                else f"{fair}: favourable belongs to a classification"
            )
        groups = self._groups(segments[fair.segment])
        if fair.reference is not None and groups and fair.reference not in groups:
            raise InvalidInput(
                f"{fair}: the reference is none of its groups, which are {', '.join(groups)}"
            )

    def _groups(self, segment: Segment) -> tuple[str, ...]:
        """Return the groups of a segment as far as they are declared."""
        known = segment.field in self.schema
        return segment.groups or (self.schema[segment.field].values if known else ())

    def _check_prepared(self) -> None:
        """Check the derived fields and what reads them."""
        derived = [step.name for step in self.derived]
        _unique("prepared field", [*self.schema.names, self.target.name, *derived])
        for name in derived:
            check_field_name(name, "derived field")
        kinds = self.kinds
        if callable(self.prepare):
            return  # what a function adds is known only when it ran
        for segment in self.segments:
            what = f"segment {segment.name}: the field {segment.field}"
            if segment.field not in kinds:
                raise InvalidInput(f"{what} does not exist{did_you_mean(segment.field, kinds)}")
            if segment.bins and kinds[segment.field] is not Kind.NUMBER:
                raise InvalidInput(f"{what} is not a number, so it can have no bins")


def kinds_of(schema: RecordSchema, derived: Iterable[Derive]) -> dict[str, Kind]:
    """Return what expressions see of the fields and of what is derived from them, in order."""
    kinds = {field.name: kind_of(field) for field in schema}
    for step in derived:
        try:
            kinds[step.name] = step.expression.kind(kinds)
        except InvalidInput as error:
            raise InvalidInput(f"derived field {step.name}: {error.message}") from error
    return kinds


def kind_of(field: Field) -> Kind:
    """Return what an expression sees of a field; dates are seen as ISO text."""
    if field.is_numeric:
        return Kind.NUMBER
    return Kind.TRUTH if field.type == "boolean" else Kind.TEXT


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(f"{what} {name} is declared twice")
        seen.add(name)
