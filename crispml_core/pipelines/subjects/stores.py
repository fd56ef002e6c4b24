"""Where something of a data subject may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crispml_core.domain.errors import NotReady
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.erasure_log import ErasureLog
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.subject_keys import SubjectKeys
from crispml_core.ports.subject_rows import SubjectRows
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.subject_vault import SubjectVault


@dataclass(frozen=True, kw_only=True)
class SubjectStores:
    """Every store that may hold something of a data subject.

    Parameters
    ----------
    privacy : Privacy
        The keys of the process.
    """

    use_cases: Mapping[str, UseCase]
    privacy: Privacy
    rows: SubjectRows
    keys: SubjectKeys
    labels: LabelStore
    datasets: DataSetStore
    erasures: ErasureLog

    @property
    def vault(self) -> SubjectVault:
        """The keys of data subjects.

        Raises
        ------
        NotReady
            If this process has no master key, without which nobody can be found or erased.
        """
        if self.privacy.vault is None:
            raise NotReady(
                "data subjects are named by the master key, and this process has none: set "
                "CRISPML_PRIVACY__MASTER_KEY_FILE"
            )
        return self.privacy.vault
