"""Whether a version that comes from elsewhere fits here, and can serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from crispml_core.domain.bundles import BundleIndex
from crispml_core.domain.errors import (
    CrispMLError,
    InvalidInput,
    MalformedContent,
    StoreUnavailable,
    describe_failure,
)
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_registry import VersionFiles
from crispml_core.serving.loaded_versions import LoadedVersion
from crispml_core.serving.version_loader import VersionLoader

_POLICIES = ("privacy", "generalise")


def check_definition(use_case: UseCase, manifest: ModelVersion) -> None:
    """Refuse a version that was trained for another schema or definition."""
    if manifest.use_case != use_case.name:
        raise MalformedContent("the manifest is of another use case than the index")
    given, here = _fields(manifest.schema), _fields(msgspec.to_builtins(use_case.schema))
    differing = [
        name
        for name, field in here.items()
        if _rules(given.get(name)) != _rules(field)
        and not (manifest.masked and _is_hidden(given.get(name)))
    ]
    unknown = len(set(given) - set(here))
    if differing or unknown:
        raise InvalidInput(
            "the version was trained for another record schema than that of the use case here; "
            f"fields that differ: {', '.join(differing) or 'none'}"
            + (f", and {unknown} that are not known here" if unknown else "")
        )
    if manifest.use_case_digest != use_case.digest:
        raise InvalidInput(
            "the version was trained with another definition of the use case than the one "
            "installed here: install the same definition in both environments"
        )


def check_manifest(use_case: UseCase, index: BundleIndex, manifest: ModelVersion) -> None:
    """Refuse a manifest that contradicts the index, or that others could not work with."""
    said = (index.use_case_version, index.use_case_digest)
    if said != (manifest.use_case_version, manifest.use_case_digest):
        raise MalformedContent("the index and the manifest are of different definitions")
    if manifest.created_at.tzinfo is None:
        raise MalformedContent("the manifest: created_at needs a time zone")
    kpis = manifest.kpis.get("test", {})
    for gate in use_case.gates:
        if not isinstance(kpis.get(gate.kpi), int | float | None):
            raise MalformedContent(f"the manifest: the KPI {gate.kpi} is not a number")


def _fields(schema: object) -> dict[str, Any]:
    """Return the declaration of each field of a schema by its name."""
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    found = {}
    for position, field in enumerate(fields):
        name = field.get("name") if isinstance(field, dict) else None
        found[str(name or position)] = field
    return found


def _rules(field: Any) -> bytes:
    """Return a declaration in one form, without how private it is: environments differ in that."""
    if isinstance(field, dict):
        field = {name: rule for name, rule in field.items() if name not in _POLICIES}
    return msgspec.json.encode(field, order="sorted")


def _is_hidden(field: Any) -> bool:
    """Whether masked data lack a field, or have a pseudonym of it, which is a text."""
    return field is None or (isinstance(field, dict) and field.get("privacy") == "pseudonymise")


def prove(
    use_case: UseCase,
    files: VersionFiles,
    version: str,
    codec: Callable[[UseCase], ModelCodec],
) -> None:
    """Load every form of a version as a scoring process does; it must reproduce its records.

    Raises
    ------
    InvalidInput
        If the version cannot serve here; the text says why.
    """
    try:
        LoadedVersion(use_case, VersionLoader(files, codec).load_every_form(use_case, version))
    except StoreUnavailable:
        raise
    except CrispMLError as error:
        raise InvalidInput(f"the version cannot serve here: {error.message}") from error
    except Exception as error:
        raise InvalidInput(
            f"the version cannot be loaded here: {describe_failure(error)}"
        ) from error
