"""The demo keeps its promise, and keeps it again in the same folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.domain.datasets import Stage

ROOT = Path(__file__).parents[2]
NINE = [
    "DataIngestion",
    "DataPreparation",
    "DataCuration",
    "ModelTraining",
    "ModelReport",
    "ModelPersist",
    "NewDataScore",
    "NewDataLabel",
    "NewDataReport",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "crispml"


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_demo_runs_the_nine_methods_and_verifies_them(folder, turn):
    command = [sys.executable, "-m", "crispml_core.cli", "demo", "--once", "--json"]
    done = subprocess.run(
        [*command, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "CRISPML_AUTH__MODE": "required"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert [method["name"] for method in shown["methods"]] == NINE
    for method in shown["methods"]:
        assert method["status"] == "succeeded"
        assert method["rows"] > 0
        assert method["seconds"] > 0
    trained, verified = shown["training_report"], shown["verification_report"]
    assert abs(trained["auc"] - verified["auc"]) <= 1e-9
    assert verified["coverage"] == 1.0
    assert verified["scored"] == verified["labelled"] > 100
    assert set(shown["model"]) == {"name", "version", "algorithm"}
    assert shown["urls"]
    assert set(shown["pages"]) == {"training_report", "verification_report"}
    for page in shown["pages"].values():
        assert "<html" in Path(page).read_text(encoding="utf-8")[:200]
    # The unchanged data are the data set that was there already.
    assert len(VolumeDataSetStore(folder / "registry").find(stage=Stage.RAW)) == 1
