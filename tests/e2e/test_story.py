"""The drift story plays to its end, and the order of what happens in it is the right one."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.trial


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    folder = tmp_path_factory.mktemp("story")
    command = [sys.executable, "-m", "crispml_core.cli", "demo", "--story", "drift", "--once"]
    done = subprocess.run(
        [*command, "--json", "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_drift_is_detected_after_it_was_planted_and_within_its_month(story):
    planted = datetime.fromisoformat(story["drift_planted_at"])
    detected = datetime.fromisoformat(story["drift_detected_at"])
    assert 0 < (detected - planted).days < 30


def test_nothing_is_told_before_there_is_anything_to_tell(story):
    quiet = [month for month in story["months"] if month["start"] < story["drift_planted_at"]][:-1]
    assert len(quiet) >= 3
    assert all(month["drifted"] == [] and month["firing"] == [] for month in quiet)


def test_the_kpi_falls_and_recovers_under_another_champion(story):
    assert story["champion_after"] != story["champion_before"]
    assert story["kpi_drifted"] < story["kpi_before"] - 0.1
    assert story["kpi_recovered"] > story["kpi_drifted"] + 0.1
    before = {month["champion"] for month in story["months"][:5]}
    assert before == {story["champion_before"]}


def test_the_page_is_whole_in_itself(story):
    page = Path(story["page"]).read_text()
    assert story["champion_after"] in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page
