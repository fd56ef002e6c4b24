"""The toy use case with every privacy policy, and the keys for it."""

from __future__ import annotations

from dataclasses import replace

from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys

KEYS = SecretKeys((SecretKey("k1", b"1" * 32),))


def private(toy: UseCase) -> UseCase:
    """Return the use case with a policy for each field, and fields for the other policies."""
    policies = {
        "order_id": {"privacy": "pseudonymise"},
        "amount": {"privacy": "generalise", "generalise": Generalise(width=100)},
        "note": {"privacy": "drop"},
    }
    fields = tuple(replace(field, **policies.get(field.name, {})) for field in toy.fields)
    more = (
        Field("customer", "string", privacy="pseudonymise"),
        Field("street", "string", privacy="encrypt", nullable=True),
        Field("born", "date", privacy="encrypt"),
    )
    return replace(toy, fields=(*fields, *more), subject_key="customer", segments=())


def private_keys() -> Privacy:
    """Return keys in memory for all of its policies."""
    return Privacy(Secrets(KEYS, KEYS), SubjectVault(KEYS, FakeSubjectKeys()))
