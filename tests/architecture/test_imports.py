"""Imports point one way, and every contract that says so can fail."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

PLANTED = {
    "layers": ("domain/fields.py", "crispml_core.ports.scorer"),
    "methods": ("methods/model_persist.py", "crispml_core.methods.model_report"),
    "services": ("../services/scoring/crispml_scoring/parts.py", "crispml_training.parts"),
    "pipelines": ("pipelines/cycle.py", "crispml_core.adapters.libraries"),
    "pipeline_rooms": ("pipelines/lineage/look.py", "crispml_core.pipelines.monitoring.facts"),
    "adapters": ("adapters/journal/frames.py", "crispml_core.adapters.volume.files"),
    "bootstrap": ("rest/health.py", "crispml_core.adapters.sql.databases.engine"),
    "statistics": ("reporting/pages.py", "crispml_core.ports.report_store"),
    "cli": ("cli/runs.py", "crispml_core.tables.frames"),
    "client": ("client/http.py", "crispml_core.tables.frames"),
    "light": ("domain/identifiers.py", "numpy"),
    "pure": ("serving/engine.py", "sqlalchemy"),
    "console": ("../services/console/crispml_console/parts/words.py", "crispml_core.domain.runs"),
    "console_rooms": (
        "../services/console/crispml_console/service/call.py",
        "crispml_console.parts.words",
    ),
    "loadtest": ("../loadtest/records.py", "crispml_core.tables.frames"),
    "no_loadtest": ("cli/up.py", "loadtest.told"),
    "loadtest_rooms": ("../loadtest/told.py", "loadtest.collecting"),
}
"""By contract, a file and what it must not import."""


def linted(folder):
    services = (f"{folder}/services/{name}" for name in ("training", "scoring", "console"))
    path = ":".join((str(folder), *services))
    return subprocess.run(
        LINT, cwd=folder, env={"PYTHONPATH": path}, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path):
    for package in ("crispml_core", "loadtest", "services"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_contracts_hold():
    found = subprocess.run(LINT, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_every_contract_finds_what_is_planted_against_it(copy):
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    names = {
        section.rpartition(":")[2]: contracts[section]["name"]
        for section in contracts.sections()
        if ":" in section
    }
    assert names.keys() == PLANTED.keys()
    for file, target in PLANTED.values():
        with (copy / "crispml_core" / file).open("a") as content:
            content.write(f"\nimport {target}\n")
    found = linted(copy)
    assert found.returncode == 1, found.stdout + found.stderr
    report = " ".join(found.stdout.partition("Broken contracts")[2].split())
    headings = "|".join(map(re.escape, names.values()))
    _, *parts = re.split(f"({headings}) -+", report)
    told = dict(zip(parts[::2], parts[1::2], strict=True))
    for contract, (file, target) in PLANTED.items():
        path = re.sub(r"^\.\./(services/\w+/)?", "", file)
        module = path.removesuffix(".py").replace("/", ".")
        assert f"{module} -> {target} (l." in told[names[contract]], contract


def test_a_room_that_no_contract_knows_is_found(copy):
    room = copy / "crispml_core" / "newroom"
    room.mkdir()
    (room / "__init__.py").touch()
    found = linted(copy)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "newroom" in found.stdout
