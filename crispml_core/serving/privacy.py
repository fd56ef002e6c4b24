"""What a process applies the privacy policies of its use cases with, and reads back by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.privacy import NO_SECRETS, Secrets, key_rule
from crispml_core.domain.pseudonyms import blinded
from crispml_core.domain.scores import ScoreGroup
from crispml_core.domain.subjects import Hidden
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import is_private
from crispml_core.serving.private_records import PrivateRecords
from crispml_core.serving.sealed_cells import Key, bound_to, opened
from crispml_core.serving.stored_inputs import stored_rows
from crispml_core.serving.subject_vault import SubjectVault


class Privacy:
    """What a process needs to apply the policies of all of its use cases.

    Parameters
    ----------
    secrets : Secrets
        Its keys.
    vault : SubjectVault, optional
        The keys of data subjects.
    """

    def __init__(self, secrets: Secrets = NO_SECRETS, vault: SubjectVault | None = None) -> None:
        self.secrets, self.vault = secrets, vault

    def of(self, use_case: UseCase) -> PrivateRecords | None:
        """Return what applies the policies of a use case; None if all is stored as it came.

        Raises
        ------
        InvalidInput
            If a policy needs a key that the process has not.
        """
        return PrivateRecords(use_case, self.secrets, self.vault) if is_private(use_case) else None

    def shown(
        self, use_cases: Mapping[str, UseCase], group: ScoreGroup, row: int
    ) -> dict[str, Any]:
        """Return the stored fields of a scored record for somebody who may read it.

        What is encrypted is decrypted as long as the key of its subject lives. A value that is not
        there to be shown is an object that says why, see `Hidden`.

        Raises
        ------
        StoreUnavailable
            If the keys of data subjects cannot be asked for.
        """
        names, rows = stored_rows(group)
        ids = group.scores.subject_key_ids
        return self.open(
            use_cases.get(group.use_case),
            dict(zip(names, rows[row], strict=True)),
            None if ids is None else ids[row],
        )

    def open(
        self, use_case: UseCase | None, values: dict[str, Any], subject_key_id: str | None
    ) -> dict[str, Any]:
        """Return stored fields of a record with what is encrypted decrypted; see `shown`."""
        sealed_fields = [
            field.name
            for field in (use_case.fields if use_case is not None else ())
            if field.privacy == "encrypt" and values.get(field.name) is not None
        ]
        if use_case is None or not sealed_fields:
            return values
        key: Key = Hidden.ENCRYPTED
        if subject_key_id is not None and self.vault is not None:
            (key,) = self.vault.to_read([subject_key_id])
        for name in sealed_fields:
            try:
                bound = bound_to(use_case.name, name, subject_key_id or "")
                value = opened(values[name], key, bound)
            except ValueError:
                value = Hidden.DAMAGED
            values[name] = {"privacy": value.value} if isinstance(value, Hidden) else value
        return values

    def stored_key(
        self, use_cases: Mapping[str, UseCase], use_case: str | None, record_key: str | None
    ) -> str | None:
        """Return what is stored in place of a record key that somebody looks for.

        Raises
        ------
        InvalidInput
            If the use case is not named, and may be one that stores pseudonyms.
        """
        if record_key is None:
            return None
        if use_case is None:
            if any(key_rule(each, self.secrets) is not None for each in use_cases.values()):
                raise InvalidInput(
                    "record_key: name the use_case too, because record keys may be stored as "
                    "pseudonyms, which differ from one use case to the next"
                )
            return record_key
        rule = key_rule(use_cases[use_case], self.secrets) if use_case in use_cases else None
        return record_key if rule is None else str(rule(record_key))

    def fingerprint(self, use_case: UseCase, digest: str) -> str:
        """Return the digest of a request as it may be stored beside what its policies let through.

        The digest of a record tells its values to whoever tries all of them.
        """
        keys = self.secrets.master or self.secrets.pseudonyms
        if keys is None or not digest or not is_private(use_case):
            return digest
        return blinded(keys.first, digest)

    def refused(
        self, use_cases: Mapping[str, UseCase], use_case: str | None, digest: str
    ) -> str | None:
        """Return the digest of a body that was refused, as its event may have it.

        Such a body is a record, too, and whoever tries all values would find them by its digest.

        Parameters
        ----------
        use_case : str or None
            None if the request named none that is known; then the body may be of any.

        Returns
        -------
        str or None
            None if the policies need no key, so that there is none to blind the digest with.
        """
        known = use_cases.get(use_case or "")
        if not any(map(is_private, use_cases.values() if known is None else (known,))):
            return digest
        keys = self.secrets.master or self.secrets.pseudonyms
        return None if keys is None else blinded(keys.first, digest)

    def close(self) -> None:
        """Forget the keys of data subjects."""
        if self.vault is not None:
            self.vault.close()
