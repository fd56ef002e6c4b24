"""Making the values of a data subject unreadable, everywhere and for good."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crispml_core.domain.audit import ASKED, DONE, AuditEntry, AuditEvent
from crispml_core.domain.erasures import Erasure, signed_bytes
from crispml_core.domain.identifiers import new_id_text, utc_now
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.subjects.finding import count_rows, labels_of, scores_of
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.ports.signer import Signer

SCHEMA_VERSION = 1
ACTION = "subject_erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAnswer:
    """What an erasure came to.

    Parameters
    ----------
    certificate : dict
        Of the first erasure of the subject.
    is_new : bool
        Whether this call made it.
    files_are_clean : bool
        Whether nothing of the destroyed key is left in the files of the database, as far as the
        service can reach them; see ``docs/erasure.md`` for those that it cannot.
    """

    certificate: dict[str, Any]
    is_new: bool
    files_are_clean: bool


class Eraser:
    """Erases data subjects.

    Parameters
    ----------
    stores : SubjectStores
    record : callable
        Makes an entry of the audit log durable, and returns it.
    signer : Signer or None
        Signs certificates; None where signing is off.
    environment : str
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(
        self,
        stores: SubjectStores,
        record: Callable[[AuditEvent], AuditEntry],
        signer: Signer | None,
        environment: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._stores, self._record, self._signer = stores, record, signer
        self._environment, self._clock = environment, clock

    def erase(self, subject: str, *, requested_by: str, reason: str) -> ErasureAnswer:
        """Destroy the key of a subject, and certify it.

        A second call changes nothing and gives the first certificate.

        Raises
        ------
        NotReady
            If this process has no master key.
        StoreUnavailable
            If the database does not answer; then nothing may be claimed.
        """
        key_id = self._stores.vault.identify(subject)
        earlier = self._stores.erasures.of_subject(key_id)
        erasure = earlier[0] if earlier else self._certified(subject, key_id, requested_by, reason)
        kept = self._stores.erasures.commit(erasure)
        # The other processes look by themselves.
        self._stores.vault.look()
        is_new = not earlier and kept.erasure_id == erasure.erasure_id
        if is_new:
            self._note(kept)
        return ErasureAnswer(
            certificate=dict(kept.certificate),
            is_new=is_new,
            files_are_clean=self._stores.erasures.scrub(),
        )

    def _certified(self, subject: str, key_id: str, requested_by: str, reason: str) -> Erasure:
        """Return the erasure with its certificate; nothing is destroyed yet."""
        event = AuditEvent(
            actor=requested_by, action=ACTION, resource=f"subject_key_id={key_id}", outcome=ASKED
        )
        found = _found(self._stores, subject)
        asked = self._record(event)
        now, erasure_id = self._clock(), new_id_text()
        key = self._stores.keys.find([key_id]).get(key_id)
        certificate: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "kind": "erasure",
            "erasure_id": erasure_id,
            "environment": self._environment,
            "subject_key_id": key_id,
            "key_made_at": None if key is None else key.created_at.isoformat(),
            "erased_at": now.isoformat(),
            "requested_by": requested_by,
            "reason": reason,
            **found,
            "audit": {"sequence": asked.sequence, "digest": asked.digest.hex()},
        }
        if self._signer is not None:
            signature = self._signer.sign(signed_bytes(certificate))
            certificate["signature"] = {
                "key_id": signature.key_id,
                "value": signature.value.hex(),
            }
        return Erasure(
            erasure_id=erasure_id,
            subject_key_id=key_id,
            erased_at=now,
            requested_by=requested_by,
            reason=reason,
            certificate=certificate,
        )

    def _note(self, erasure: Erasure) -> None:
        """Write down that it was done; the entry before says that it was begun."""
        content = signed_bytes(erasure.certificate)
        self._record(
            AuditEvent(
                actor=erasure.requested_by,
                action=ACTION,
                resource=f"subject_key_id={erasure.subject_key_id}",
                outcome=DONE,
                detail={
                    "asked": erasure.certificate["audit"]["sequence"],
                    "certificate": hashlib.sha256(content).hexdigest(),
                },
            )
        )


def _found(stores: SubjectStores, subject: str) -> dict[str, Any]:
    """Return how much there is of a subject, and what becomes of it, by use case and data set."""
    scores = [
        (held.score.use_case, held.score.score_id, held.score.record_key)
        for held in scores_of(stores, subject)
    ]
    of_scores = Counter(use_case for use_case, *_ in scores)
    of_labels = Counter(label.use_case for label in labels_of(stores, subject, scores))
    return {
        "use_cases": {
            name: {
                "scores": of_scores[name],
                "labels": of_labels[name],
                "fields": _fields(use_case),
            }
            for name, use_case in sorted(stores.use_cases.items())
            if of_scores[name] or of_labels[name]
        },
        "data_sets": [
            {
                "id": dataset.id,
                "use_case": dataset.use_case,
                "stage": dataset.stage.value,
                "rows": rows,
                "ends_with_key": ends,
            }
            for dataset, ends, rows in count_rows(stores, subject)
        ],
    }


def _fields(use_case: UseCase) -> dict[str, list[str]]:
    """Return the fields by their policies: those under `encrypt` are unreadable now."""
    by_policy: dict[str, list[str]] = {}
    for field in use_case.schema:
        by_policy.setdefault(field.privacy, []).append(field.name)
    return by_policy
