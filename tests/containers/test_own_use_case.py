"""A wheel of one's own in both images, and a project that is lost and brought back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crispml_core.cli.tour import take_tour
from tests.containers.engine import ROOT, build, timed

NAME = "orders_returned"
EXAMPLE = ROOT / "examples" / NAME
NOTE = "please ring twice"
RECORD = {
    **{"order_id": "N-1", "customer": "C-new", "note": NOTE},
    **{"amount": 800.0, "items": 2, "channel": "web"},
}


@pytest.fixture(scope="module")
def project(stack, tmp_path_factory):
    """Both services from images with the wheel, after a whole cycle of its use case."""
    folder = tmp_path_factory.mktemp("own")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", folder / "dist", EXAMPLE),
        ],
        check=True,
    )
    images = {}
    for service in ("training", "scoring"):
        with timed(f"a wheel into the image of {service}"):
            images[f"{service.upper()}_IMAGE"] = build(
                *(f"crispml-test-own-{service}", "--network", "none"),
                *("--file", ROOT / "Dockerfile.use-case"),
                *("--build-arg", f"BASE=crispml-{service}", folder),
            )
    made = stack(**images)
    made.up()
    return made


@pytest.fixture(scope="module")
def before(project):
    """What the services answer before anything is lost."""
    with project.client() as client, timed("the whole cycle of the wheel's use case"):
        tour = take_tour(client, NAME, seed=1, report=lambda share, stage: None)
        (score,) = client.scoring.score(NAME, [RECORD]).scores
        report = client.scoring.verify(NAME)
        client.training.seal_audit()
        return {
            "tour": tour,
            "score": score,
            "report": report,
            "stored": client.scoring.stored_score(score.score_id),
            "head": list(client.training.audit_heads())[-1],
        }


def test_both_images_serve_the_use_case_of_the_wheel(project, before):
    """Its cycle passes through the client, beside the use cases that compose mounts."""
    assert before["tour"].scored > 50
    with project.client() as client:
        names = {one.name for one in client.training.use_cases()}
    assert names == {NAME, "german_credit", "telco_churn"}


def test_what_is_lost_comes_back_from_a_backup(project, before, tmp_path):
    """The same scores, the same reports, an audit log that verifies."""
    folder = tmp_path / "backup"
    with timed("backup, while the services run"):
        saved = project.script("backup.sh", "save", folder)
    assert saved.returncode == 0, saved.stderr
    # Somebody is erased after the backup was made.
    with project.client() as client:
        assert NOTE in json.dumps(client.training.subject("C-new"))
        client.training.erase_subject("C-new", reason="asked for it")
        assert NOTE not in json.dumps(client.training.subject("C-new"))

    assert project.script("backup.sh", "restore", folder).returncode == 1, "services run"
    project.down()
    refused = project.script("backup.sh", "restore", folder)
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    project.down("--volumes")
    with timed("restore into empty volumes"):
        restored = project.script("backup.sh", "restore", folder)
    assert restored.returncode == 0, restored.stderr
    project.up()

    with project.client() as client:
        assert client.scoring.stored_score(before["score"].score_id) == before["stored"]
        report = client.scoring.report(before["report"].id)
        assert (report.digest, report.content) == (
            before["report"].digest,
            before["report"].content,
        )
        # Made anew as of the same moment, it says the same to the byte.
        again = client.scoring.verify(NAME, as_of=before["report"].created_at)
        assert again.content["kpis"] == before["report"].content["kpis"]
        (score,) = client.scoring.score(NAME, [{**RECORD, "order_id": "N-2"}]).scores
        assert score.probability == before["score"].probability
        head = before["head"]
        checked = list(client.training.verify_audit([f"{head['sequence']}:{head['digest']}"]))
        assert checked
        assert not [one for one in checked if one.fault]
        # The key of the erased person came back with the table of keys; see docs/backup.md.
        assert NOTE in json.dumps(client.training.subject("C-new"))
        client.training.erase_subject("C-new", reason="asked for it before the loss")
        assert NOTE not in json.dumps(client.training.subject("C-new"))


def test_a_backup_that_was_altered_is_not_restored(project, tmp_path):
    folder = tmp_path / "backup"
    assert project.script("backup.sh", "save", folder).returncode == 0
    with (folder / "registry.tar").open("r+b") as file:
        file.seek(600)
        file.write(b"!")
    refused = project.script("backup.sh", "restore", folder)
    assert refused.returncode == 1
    assert "altered" in refused.stderr
    assert project.script("backup.sh", "save", folder).returncode == 1, "nothing is overwritten"
