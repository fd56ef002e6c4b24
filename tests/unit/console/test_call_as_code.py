from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from crispml_console.service.call import scoring, training
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient
from crispml_core.domain.runs import RunStatus

ADDRESSES = "http://training:8101", "http://scoring:8102"


def test_moments_and_names_are_written_as_a_program_can_read_them():
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    verify = scoring(ScoringClient.verify, "credit", start=moment).as_python(*ADDRESSES)
    runs = training(TrainingClient.runs, status=RunStatus.FAILED).as_python(*ADDRESSES)

    for program in (verify, runs):
        compile(program, "shown", "exec")
    assert "start=datetime.fromisoformat('2026-03-01T12:00:00+00:00')" in verify
    assert "from datetime import datetime\n" in verify
    assert "status=RunStatus('failed')" in runs
    assert "from crispml_core.domain.runs import RunStatus\n" in runs


def test_a_file_is_named_and_not_read(tmp_path):
    missing = tmp_path / "truth.csv"  # it is not there: reading it would fail
    call = scoring(
        ScoringClient.label_file, "credit", missing, "text/csv", encoding="gzip", sent_bytes=print
    )

    curl, python = call.as_curl(*ADDRESSES), call.as_python(*ADDRESSES)

    assert "--data-binary @truth.csv" in curl
    assert "-H 'content-encoding: gzip'" in curl
    assert "Path('truth.csv'), 'text/csv', encoding='gzip')" in python
    assert str(tmp_path) not in curl + python
    assert not Path(missing).exists()
