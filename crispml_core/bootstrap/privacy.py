"""Which keys a process has for privacy policies, and what it applies them with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine

from crispml_core.adapters.secret_keys import read_keys
from crispml_core.adapters.sql.subject_keys import SqlSubjectKeys
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.pseudonyms import SecretKeys
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import check_secrets
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.settings import CrispMLSettings


def read_secrets(settings: CrispMLSettings) -> Secrets:
    """Return the secret keys that the settings name.

    Raises
    ------
    InvalidInput
        If a file has no keys, or others can read it.
    """
    named = settings.privacy
    return Secrets(
        pseudonyms=_keys(named.pseudonym_key_file, "CRISPML_PRIVACY__PSEUDONYM_KEY_FILE"),
        master=_keys(named.master_key_file, "CRISPML_PRIVACY__MASTER_KEY_FILE"),
    )


def open_privacy(
    settings: CrispMLSettings,
    use_cases: Mapping[str, UseCase],
    engine: Engine,
    *,
    withholds: bool = True,
) -> Privacy:
    """Return what applies the policies of use cases; it follows the keys of data subjects.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Asked for the keys of data subjects; records wait for it.
    withholds : bool
        Whether values without a key are withheld while the database is away; else they wait.

    Raises
    ------
    InvalidInput
        If the policies need a key that the settings do not name.
    """
    secrets = read_secrets(settings)
    check_secrets(use_cases.values(), secrets)
    if secrets.master is None or not any(case.has_subjects for case in use_cases.values()):
        return Privacy(secrets)
    vault = SubjectVault(secrets.master, SqlSubjectKeys(engine), withholds=withholds)
    vault.start()
    return Privacy(secrets, vault)


def _keys(file: Path | None, setting: str) -> SecretKeys | None:
    return None if file is None else read_keys(file, setting)
