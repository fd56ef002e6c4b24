"""The world of known truth behind a real service."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.simulation.world import month
from crispml_core.bootstrap import scoring as scoring_parts
from crispml_core.domain.identifiers import new_id
from crispml_scoring.app import create_app
from tests.simulation.planted_service import (
    DEFINITION,
    OF_TASK,
    TRAINED_ON,
    Planted,
    TestClient,
    rows_of,
    settings_of,
    train,
    truth_of,
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give stores with a champion that was trained in the world as it was: ``trained(task)``."""

    @cache
    def make(task: str) -> Path:
        folder = tmp_path_factory.mktemp(task)
        (folder / "planted.yaml").write_text(DEFINITION + OF_TASK[task])
        cases = month(100_000, TRAINED_ON)
        table = pd.DataFrame(rows_of(cases, "t")).assign(event=truth_of(cases, task, 100_000))
        table.to_csv(folder / "planted.csv", index=False)
        train(settings_of(folder, folder))
        return folder

    return make


@pytest.fixture
def planted(trained: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[..., Planted]]:
    """Start a service on a copy of the trained stores: ``planted("regression")``."""
    with ExitStack() as stack:

        def start(task: str = "binary") -> Planted:
            folder = tmp_path / str(new_id())
            shutil.copytree(trained(task), folder)
            settings = settings_of(folder, trained(task))
            app = create_app(scoring_parts.build(settings), settings)
            return Planted(stack.enter_context(TestClient(app)))

        yield start
