"""The profile `postgres`: both services on a PostgreSQL, and its way into a backup and back."""

from __future__ import annotations

from crispml_core.cli.tour import take_tour
from tests.containers.engine import stand_in, timed

NAME = "german_credit"


def test_what_postgresql_holds_comes_back_from_a_backup(stack, tmp_path):
    project = stack(("postgres",), POSTGRES_IMAGE=stand_in("postgres"))
    project.up()
    with project.client() as client, timed("the whole cycle on PostgreSQL"):
        take_tour(client, NAME, seed=1, report=lambda share, stage: None)
        before = [score.score_id for score in client.scoring.scores(use_case=NAME)]
        assert before
        stored = client.scoring.stored_score(before[0])
    saved = project.script("backup.sh", "save", tmp_path / "backup")
    assert saved.returncode == 0, saved.stderr
    project.down("--volumes")

    restored = project.script("backup.sh", "restore", tmp_path / "backup")

    assert restored.returncode == 0, restored.stderr
    project.up()
    with project.client() as client:
        assert [score.score_id for score in client.scoring.scores(use_case=NAME)] == before
        assert client.scoring.stored_score(before[0]) == stored
        assert not [one for one in client.training.verify_audit([]) if one.fault]
