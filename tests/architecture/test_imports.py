"""Imports point one way, and the check that says so can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]


def test_the_contracts_hold():
    found = subprocess.run(LINT, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("domain/fields.py", "import crispml_core.ports.scorer", "one way"),
        ("methods/model_persist.py", "import crispml_core.methods.model_report", "nine methods"),
        ("client/http.py", "import crispml_core.tables", "client imports the domain"),
        ("pipelines/cycle.py", "import crispml_core.adapters.libraries", "Pipelines reach"),
        ("newroom/__init__.py", "", "one way"),
        ("domain/identifiers.py", "import numpy", "stays light"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, file, planted, contract):
    for package in ("crispml_core", "services", ".importlinter"):
        source = ROOT / package
        if source.is_dir():
            shutil.copytree(
                source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(source, tmp_path)
    target = tmp_path / "crispml_core" / file
    target.parent.mkdir(exist_ok=True)
    with target.open("a") as content:
        content.write(f"\n{planted}\n")
    path = f"{tmp_path}:{tmp_path}/services/training:{tmp_path}/services/scoring"
    found = subprocess.run(
        LINT, cwd=tmp_path, env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert found.returncode == 1, found.stdout + found.stderr
    assert contract in found.stdout
