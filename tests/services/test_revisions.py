"""Every process looks at its start whether it can work with the database as it is."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap import scoring, training
from crispml_core.bootstrap.batch_parts import open_batch_parts
from crispml_core.domain.errors import NotReady
from crispml_core.settings import CrispMLSettings
from tests.ahead import go_ahead, next_revision, set_revision

PROCESSES = {
    "training": lambda settings: training.build(settings).close(),
    "run worker": lambda settings: training.build(settings, is_run=True).close(),
    "scoring": lambda settings: scoring.build(settings).close(),
    "what scores batches": lambda settings: open_batch_parts(settings, {}, "scoring").close(),
}


@pytest.fixture
def settings(tmp_path):
    url = f"sqlite:///{tmp_path}/crispml.db"
    migrate.upgrade(url)
    facts = {
        "database": {"url": url},
        "registry": {"path": tmp_path / "registry"},
        "journal": {"path": tmp_path / "journal"},
        "batch": {"path": tmp_path / "batches"},
    }
    return CrispMLSettings.model_validate(facts)


def url_of(settings):
    return settings.database.url.get_secret_value()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_starts_on_its_own_and_on_the_next_revision(settings, process):
    PROCESSES[process](settings)

    go_ahead(url_of(settings))
    PROCESSES[process](settings)


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    ("steps", "sentence"), [(-1, "run: crispml db upgrade"), (2, "install the release")]
)
def test_a_process_starts_on_no_other(settings, process, steps, sentence):
    set_revision(url_of(settings), next_revision(steps))

    with pytest.raises(NotReady, match=sentence):
        PROCESSES[process](settings)
