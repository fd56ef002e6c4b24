"""What the privacy policies of a use case mean: what they need, and what they forbid.

=============  ==================================================  =====================
policy         what is stored                                      for
=============  ==================================================  =====================
keep           the value                                           every type
drop           nothing                                             every type
pseudonymise   a name that only the key makes                      identifiers and dates
generalise     a coarser value of the same type                    all but truth values
encrypt        the value, encrypted with the key of its subject    every type
=============  ==================================================  =====================

Only kept values are shown in what is made of many records: profiles, references of drift, examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Kind
from crispml_core.domain.fields import FieldType
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.targets import Segment
from crispml_core.domain.use_case import UseCase


@dataclass(frozen=True, slots=True)
class StoredField:
    """What is stored of a field: its name, the type of what is stored, and why it is that."""

    name: str
    type: FieldType
    privacy: str


def stored_fields(use_case: UseCase) -> tuple[StoredField, ...]:
    """Return what is stored of a record, in the order of the record schema."""
    return tuple(
        StoredField(field.name, field.stored_type, field.privacy)
        for field in use_case.schema
        if field.stored_type is not None
    )


def is_private(use_case: UseCase) -> bool:
    """Return whether anything happens to a record before it is stored."""
    return use_case.has_subjects or len(use_case.schema.clear) < len(use_case.fields)


def needs_pseudonyms(use_case: UseCase) -> bool:
    """Return whether the key of pseudonyms is needed."""
    return any(field.privacy == "pseudonymise" for field in use_case.fields)


def needs_master_key(use_case: UseCase) -> bool:
    """Return whether the key that the keys of data subjects are encrypted with is needed."""
    return use_case.has_subjects


def check_secrets(use_cases: Iterable[UseCase], secrets: Secrets) -> None:
    """Raise `InvalidInput` about the first use case whose policies need a key that is not there."""
    for use_case in use_cases:
        if secrets.pseudonyms is None and needs_pseudonyms(use_case):
            raise InvalidInput(
                f"use case {use_case.name} pseudonymises fields: set "
                "CRISPML_PRIVACY__PSEUDONYM_KEY_FILE to a file made by `crispml privacy new-key`"
            )
        if secrets.master is None and needs_master_key(use_case):
            raise InvalidInput(
                f"use case {use_case.name} has data subjects with keys of their own: set "
                "CRISPML_PRIVACY__MASTER_KEY_FILE to a file made by `crispml privacy new-key`"
            )


def check_privacy(use_case: UseCase) -> None:
    """Raise `InvalidInput` if a declaration would store what a policy keeps out.

    The group of each segment is stored with each score. It may be coarser than a private field,
    and never its value. What a function derives nobody can see: that is for its author.
    """
    private = private_columns(use_case)
    for segment in use_case.segments:
        if segment.field in private and not _is_coarse(use_case, segment):
            raise InvalidInput(
                f"use case {use_case.name}: segment {segment.name} would store each value of the "
                f"field {segment.field}, which its privacy policy forbids; give it bins, or derive "
                "a truth value from it"
            )


def private_columns(use_case: UseCase, prepared: Iterable[str] = ()) -> frozenset[str]:
    """Return the fields with a policy, and what is derived from them.

    Parameters
    ----------
    prepared : iterable of str
        All columns of prepared records: what a function adds may be made of any field.
    """
    private = {field.name for field in use_case.fields if not field.is_clear}
    for step in use_case.derived:
        if private.intersection(step.expression.fields()):
            private.add(step.name)
    if private and callable(use_case.prepare):
        private |= set(prepared) - {*use_case.schema.names, use_case.target.name}
    return frozenset(private)


def _is_coarse(use_case: UseCase, segment: Segment) -> bool:
    is_derived = segment.field not in use_case.schema
    return bool(segment.bins) or (is_derived and use_case.kinds[segment.field] is Kind.TRUTH)
