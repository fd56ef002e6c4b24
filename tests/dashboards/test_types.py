"""The dashboards have the types that Grafana publishes: no key is misspelt, no value is wrong."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.dashboards import files
from tests.servers import missing

# The types are got from outside, as the servers are.
pytestmark = pytest.mark.server

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "grafana-types"
INSTALL = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
OPTIONS = ["--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]


@pytest.fixture(scope="module")
def packages():
    """The TypeScript compiler and the types of Grafana, installed once."""
    if shutil.which("npm") is None:
        missing("there is no npm, which gets the types of Grafana")
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted, complete = HERE / "package.json", CACHE / "complete"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists() or complete.read_text() != wanted.read_text():
            shutil.copy(wanted, CACHE)
            done = subprocess.run(INSTALL, cwd=CACHE, capture_output=True, text=True, timeout=250)
            if done.returncode:
                missing(f"npm cannot get the types of Grafana: {done.stderr.strip()[-300:]}")
            shutil.copy(wanted, complete)
    return CACHE / "node_modules"


@pytest.fixture
def errors(packages, tmp_path):
    """Compile dashboards: ``errors({"name": document})`` gives what the compiler says."""
    shutil.copy(HERE / "types.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(packages)

    def compile_files(documents):
        for name, document in documents.items():
            (tmp_path / f"{name}.check.ts").write_text(
                'import type { File } from "./types.js";\n'
                f"export const file: File = {json.dumps(document, indent=1)};\n"
            )
        checked = [f"{name}.check.ts" for name in documents]
        done = subprocess.run(
            [packages / ".bin" / "tsc", *OPTIONS, *checked],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert bool(done.stdout) == bool(done.returncode), done.stderr
        return done.stdout

    return compile_files


def documents():
    return {path.stem: json.loads(path.read_text()) for path in files.FOLDER.glob("*.json")}


def test_grafana_knows_every_key_and_value(errors):
    assert errors(documents()) == ""


def rename(panel, *path):
    for key in path[:-1]:
        panel = panel[key]
    panel[f"{path[-1]}s"] = panel.pop(path[-1])


PLANTED = {
    "a panel": lambda panel: rename(panel, "gridPos"),
    "its options": lambda panel: rename(panel, "options", "legend", "calcs"),
    "its lines": lambda panel: rename(panel, "fieldConfig", "defaults", "custom", "lineWidth"),
    "its limits": lambda panel: rename(panel, "fieldConfig", "defaults", "unit"),
    "its query": lambda panel: rename(panel, "targets", 0, "legendFormat"),
    "a wrong value": lambda panel: panel["options"]["tooltip"].update(mode="several"),
    "a text for a number": lambda panel: panel["gridPos"].update(h="8"),
}


def test_the_compiler_finds_what_is_planted(errors):
    """One file with one mistake each, so that no mistake hides another."""
    planted = {}
    for number, plant in enumerate(PLANTED.values()):
        document = documents()["operations"]
        document["panels"] = [one for one in document["panels"] if one["type"] == "timeseries"][:1]
        plant(document["panels"][0])
        planted[f"planted_{number}"] = document
    said = errors(planted)
    missed = [what for what, name in zip(PLANTED, planted, strict=True) if name not in said]
    assert missed == []
