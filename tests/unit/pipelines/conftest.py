"""The stores of the training pipelines, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.approval_log import FakeApprovalLog
from crispml_core.testing.fakes.artefact_store import FakeArtefactStore
from crispml_core.testing.fakes.dataset_notes import FakeDataSetNotes
from crispml_core.testing.fakes.dataset_store import FakeDataSetStore
from crispml_core.testing.fakes.health_log import FakeHealthLog
from crispml_core.testing.fakes.import_log import FakeImportLog
from crispml_core.testing.fakes.model_registry import FakeModelRegistry
from crispml_core.testing.fakes.timing_log import FakeTimingLog


@pytest.fixture
def make_stores() -> Callable[..., TrainingStores]:
    """Make empty stores; what else a pipeline calls is given by keyword."""

    def make(**helpers: Any) -> TrainingStores:
        names = (
            "open_source",
            "drop_upload",
            "codec",
            "files",
            "send",
            "compiler",
            "libraries",
            "project_aliases",
            "scratch",
        )
        return TrainingStores(
            datasets=FakeDataSetStore(),
            notes=FakeDataSetNotes(),
            artefacts=FakeArtefactStore(),
            models=FakeModelRegistry(),
            aliases=FakeAliasLog(),
            health=FakeHealthLog(),
            imports=FakeImportLog(),
            approvals=FakeApprovalLog(),
            timings=FakeTimingLog(),
            compute=LocalCompute(),
            **dict.fromkeys(names) | helpers,
        )

    return make
