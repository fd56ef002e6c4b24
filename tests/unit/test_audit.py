"""What the audit of dependencies makes of what it is told."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from scripts import audit

TODAY = date(2026, 11, 26)
GOOD = {"id": "GHSA-1", "reason": "not used", "until": date(2026, 12, 1)}


@pytest.mark.parametrize(
    ("entry", "valid"),
    [
        (GOOD, True),
        ({**GOOD, "until": TODAY}, True),
        ({**GOOD, "until": date(2026, 11, 25)}, False),
        ({"id": "GHSA-1", "reason": "for ever"}, False),
        ({**GOOD, "reason": ""}, False),
        ({"reason": "no id", "until": TODAY}, False),
    ],
)
def test_an_advisory_is_ignored_for_a_reason_and_a_time(entry: dict, valid: bool) -> None:
    assert audit.is_valid(entry, TODAY) is valid


def done(status: int, out: str = "", err: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], status, out, err)


@pytest.mark.parametrize(
    ("told", "arguments", "status", "said"),
    [
        (done(0), [], 0, "no advisory"),
        (done(1, "requests 1.0 has GHSA-2"), [], 1, "GHSA-2"),
        (done(2, "", "error: Request failed after 3 retries"), [], 0, "NOT AUDITED"),
        (done(2, "", "error: Request failed after 3 retries"), ["--required"], 1, "NOT AUDITED"),
        (done(2, "", "error: No solution found"), [], 1, "No solution"),
    ],
)
def test_what_was_not_compared_is_said_loudly(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    told: subprocess.CompletedProcess[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(audit, "audited", lambda ignored: told)
    assert audit.main(arguments) == status
    assert said in capsys.readouterr().err


def test_an_entry_whose_day_is_over_fails_also_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "advisories.toml"
    file.write_text('[[ignore]]\nid = "GHSA-1"\nreason = "old"\nuntil = 2020-01-01\n')
    monkeypatch.setattr(audit, "IGNORED", file)
    monkeypatch.setattr(audit, "audited", lambda ignored: done(0))
    assert audit.main([]) == 1
