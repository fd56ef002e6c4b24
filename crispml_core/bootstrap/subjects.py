"""What finds everything of a data subject, and erases it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from crispml_core.adapters.sql.erasure_log import SqlErasureLog
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.subject_keys import SqlSubjectKeys
from crispml_core.adapters.sql.subject_rows import SqlSubjectRows
from crispml_core.bootstrap.privacy import read_secrets
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.settings import CrispMLSettings


def subject_stores(
    settings: CrispMLSettings,
    use_cases: Mapping[str, UseCase],
    engine: Engine,
    datasets: DataSetStore,
) -> SubjectStores:
    """Return every store that may hold something of a data subject.

    Keys are read each time, and none is remembered: who asks about a person can wait.

    Raises
    ------
    InvalidInput
        If a file of the settings has no keys, or others can read it.
    """
    secrets, keys = read_secrets(settings), SqlSubjectKeys(engine)
    vault = None if secrets.master is None else SubjectVault(secrets.master, keys)
    return SubjectStores(
        use_cases=use_cases,
        privacy=Privacy(secrets, vault),
        rows=SqlSubjectRows(engine),
        keys=keys,
        labels=SqlLabelStore(engine),
        datasets=datasets,
        erasures=SqlErasureLog(engine),
    )
