"""The tabular use case: a YAML file and nothing else.

The vocabulary of the file is the one of the Python classes: its sections are made from them, so
that the two cannot drift apart.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError, create_model
from pydantic import Field as Declared

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.approval import ApprovalPolicy
from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.environments import EnvironmentData
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.expressions import Kind
from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target
from crispml_core.domain.use_case import Derive, Split, UseCase, kinds_of
from crispml_core.use_cases.algorithms import Columns, tabular_algorithm
from crispml_core.use_cases.source_section import SourceSection

_STRICT = ConfigDict(extra="forbid", frozen=True)
# Sections that say nothing about the model itself.
_ABOUT_ITS_LIFE = ("monitoring", "approval", "privacy")


class _Section(BaseModel):
    """A section of the file that describes one object of the domain."""

    model_config = _STRICT
    made: ClassVar[type[Any]]


def _section(cls: Any) -> type[_Section]:
    """Make the section of a YAML file that describes one dataclass of the domain."""
    hints = get_type_hints(cls)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        default: Any = field.default
        if default is dataclasses.MISSING:
            default = ...
        if field.default_factory is not dataclasses.MISSING:
            default = Declared(default_factory=field.default_factory)
        fields[field.name] = (_hint(hints[field.name]), default)
    section = create_model(cls.__name__, __base__=_Section, **fields)
    section.made = cls
    return section


def _hint(hint: Any) -> Any:
    """Return what a section has where the object of the domain has `hint`."""
    if dataclasses.is_dataclass(hint):
        return _section(hint)
    if hint == tuple[str, ...]:
        return tuple[StrictStr, ...]
    parts = get_args(hint)
    if get_origin(hint) is tuple and dataclasses.is_dataclass(parts[0]):
        return tuple[_section(parts[0]), ...]  # type: ignore[misc]  # made here
    if get_origin(hint) in (Union, UnionType):
        return Union[tuple(_hint(part) for part in parts)]  # noqa: UP007  # of a list
    return hint


def _made(value: Any) -> Any:
    """Return the object of the domain that a section, or a list of them, describes."""
    if isinstance(value, _Section):
        return value.made(**{name: _made(entry) for name, entry in value})
    return tuple(_made(entry) for entry in value) if isinstance(value, list | tuple) else value


_Field, _Target, _Segment = _section(Field), _section(Target), _section(Segment)
_Gate, _Costs, _Split = _section(Gate), _section(CostMatrix), _section(Split)
_Monitoring, _Approval = _section(Monitoring), _section(ApprovalPolicy)
_Privacy, _Environment = _section(DataSetPrivacy), _section(EnvironmentData)


class _Document(BaseModel):
    """The whole file."""

    model_config = _STRICT
    name: str
    version: StrictStr = "1"
    description: str = ""
    record_key: str
    subject_key: str | None = None
    source: SourceSection
    target: _Target  # type: ignore[valid-type]  # made by _section
    fields: list[_Field]  # type: ignore[valid-type]
    derive: dict[str, str] = Declared(default_factory=dict)
    ignore: list[str] = Declared(default_factory=list)
    algorithms: dict[str, dict[str, Any] | None]
    segments: list[_Segment] = Declared(default_factory=list)  # type: ignore[valid-type]
    cost_matrix: _Costs | None = None  # type: ignore[valid-type]
    gates: list[_Gate] = Declared(default_factory=list)  # type: ignore[valid-type]
    split: _Split | None = None  # type: ignore[valid-type]
    monitoring: _Monitoring | None = None  # type: ignore[valid-type]
    privacy: _Privacy | None = None  # type: ignore[valid-type]
    environments: list[_Environment] = Declared(  # type: ignore[valid-type]
        default_factory=list
    )
    approval: _Approval | None = None  # type: ignore[valid-type]


def load_tabular(path: Path, environment: str = "") -> UseCase:
    """Load a use case from a YAML file.

    Parameters
    ----------
    path : Path
        The file. Paths of its source are resolved beside it.
    environment : str
        Where it is loaded; its data and policies are those of it.

    Raises
    ------
    UseCaseError
        If the file is missing, is not YAML or declares something wrong; the text names the place.
    """
    try:
        content = yaml.safe_load(path.read_bytes())
        document = _Document.model_validate(content)
        use_case = _build(document, path.resolve().parent, environment)
    except OSError:
        raise UseCaseError(str(path), "load", "the file cannot be read") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise UseCaseError(str(path), "load", f"the file is not YAML{where}") from error
    except ValidationError as error:
        raise UseCaseError(str(path), "load", _findings(error)) from None
    except InvalidInput as error:
        raise UseCaseError(str(path), "load", error.message) from error
    return dataclasses.replace(use_case, digest=_digest(content))


def _digest(content: dict[str, Any]) -> str:
    """Return SHA-256 over what the file says about the model.

    How it is watched and approved does not count, nor which data sets are refused: none of it
    changes the model. All environments count, so that all of them have one digest.
    """
    model = {name: value for name, value in content.items() if name not in _ABOUT_ITS_LIFE}
    if (content.get("privacy") or {}).get("training"):
        model["privacy"] = {"training": True}
    return hashlib.sha256(json.dumps(model, default=str).encode()).hexdigest()


def _build(document: _Document, folder: Path, environment: str) -> UseCase:
    schema = RecordSchema(_made(document.fields), document.record_key)
    target = _made(document.target)
    derived = tuple(Derive(name, text) for name, text in document.derive.items())
    use_case = UseCase(
        name=document.name,
        version=document.version,
        description=document.description,
        record_key=document.record_key,
        subject_key=document.subject_key,
        source=document.source.build(folder),
        target=target,
        fields=schema.fields,
        prepare=derived,
        algorithms=_algorithms(document, schema, derived, target),
        segments=_made(document.segments),
        cost_matrix=_made(document.cost_matrix),
        gates=_made(document.gates),
        split=_made(document.split) or Split(),
        monitoring=_made(document.monitoring) or Monitoring(),
        privacy=_made(document.privacy) or DataSetPrivacy(),
        approval=_made(document.approval) or ApprovalPolicy(),
        environments=_made(document.environments),
    ).in_environment(environment)
    seen = use_case.seen.schema
    if seen.names == schema.names:
        return use_case
    return dataclasses.replace(
        use_case, algorithms=_algorithms(document, seen, derived, target, schema)
    )


def _algorithms(
    document: _Document,
    schema: RecordSchema,
    derived: tuple[Derive, ...],
    target: Target,
    declared: RecordSchema | None = None,
) -> tuple[Algorithm, ...]:
    """Return the algorithms over a schema, which may lack fields that are `declared`."""
    left_out = {*document.ignore, document.record_key, document.subject_key}
    if declared is not None:
        left_out -= set(declared.names) - set(schema.names)
    columns = _columns(schema, kinds_of(schema, derived), left_out)
    return tuple(
        tabular_algorithm(name, columns, target.is_classification, defaults or {})
        for name, defaults in document.algorithms.items()
    )


def _columns(schema: RecordSchema, kinds: dict[str, Kind], left_out: set[str | None]) -> Columns:
    """Decide what a model may read: everything but keys, free text and what the file ignores."""
    unknown = sorted(name for name in left_out if name is not None and name not in kinds)
    if unknown:
        raise InvalidInput(f"ignore: there is no field {', '.join(unknown)}")
    read = {name: kind for name, kind in kinds.items() if name not in left_out}
    texts = {
        name
        for name, kind in read.items()
        if kind is Kind.TEXT and (name not in schema or schema[name].type == "category")
    }
    columns = Columns(
        numeric=tuple(name for name, kind in read.items() if kind is not Kind.TEXT),
        categorical=tuple(name for name in read if name in texts),
    )
    if not columns.numeric and not columns.categorical:
        raise InvalidInput("fields: nothing is left that a model could read")
    return columns


# Where the library's own words name a class of this module.
_MESSAGES = {"model_type": "must be a mapping of names to values"}


def _findings(error: ValidationError) -> str:
    """Name each wrong place; hint at YAML 1.1, which reads a bare No as a truth value."""
    parts = []
    for finding in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in finding["loc"]) or "the file"
        message = _MESSAGES.get(finding["type"], finding["msg"])
        hint = "; put it in quotes" if finding["type"] == "string_type" else ""
        parts.append(f"{place}: {message}{hint}")
    return "; ".join(parts)
