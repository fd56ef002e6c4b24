"""What GitLab reads from the repository: templates, owners, the small pipeline, release notes."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from scripts.release_notes import notes
from tests.tekton.files import ROOT

CI: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
GLOBAL = {"stages", "variables", "workflow"}
JOBS = {name: job for name, job in CI.items() if name not in GLOBAL}
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_every_job_has_a_stage_and_a_script() -> None:
    for name, job in JOBS.items():
        whole = {**JOBS.get(job.get("extends", ""), {}), **job}
        assert whole["stage"] in CI["stages"], name
        assert whole["script"], name
        image = whole["image"]
        image = image["name"] if isinstance(image, dict) else image
        assert re.fullmatch(r"[\w./-]+:v?\d+\.[\w.-]+", image)
        assert set(whole.get("needs", ())) <= set(JOBS)


@pytest.mark.parametrize("name", JOBS)
def test_the_script_of_a_job_is_shell_and_runs_what_exists(name: str) -> None:
    script = "\n".join(JOBS[name].get("script", ()))
    checked = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", script)) <= verbs
    for module in re.findall(r"python3 -m scripts\.(\w+)", script):
        assert (ROOT / "scripts" / f"{module}.py").exists()


def test_prod_waits_for_somebody_to_say_so() -> None:
    assert [rule["when"] for rule in CI["prod"]["rules"]] == ["manual"]
    assert "qa" in CI["prod"]["needs"]


def test_every_image_that_tekton_builds_is_built_and_rolled_out() -> None:
    built = {
        job["variables"]["SERVICE"]: job["variables"].get("FOLDER", f"services/{name}")
        for name, job in JOBS.items()
        if job.get("extends") == ".image"
    }
    assert list(built) == ["training", "scoring", "console", "loadtest"]
    deploy = str(JOBS[".deploy"]["script"])
    for service, folder in built.items():
        assert (ROOT / folder / "Dockerfile").exists()
        line = f'{{name: crispml-{service}, newName: "${service.upper()}", '
        assert f'{line}digest: "${service}_DIGEST"}}' in deploy
        assert CI["variables"][service.upper()] == f"$CI_REGISTRY_IMAGE/crispml-{service}"
    assert set(built) < set(CI["prod"]["needs"])


def test_there_is_a_template_for_each_kind_of_wish() -> None:
    folder = ROOT / ".gitlab"
    assert {file.stem for file in (folder / "issue_templates").iterdir()} == {
        "Demand",
        "Defect",
        "Incident",
    }
    for file in folder.glob("*_templates/*.md"):
        assert re.search(r"^## ", file.read_text(), re.MULTILINE), file
        for path in re.findall(r"`((?:docs|tekton)/[\w./]+?)/?`", file.read_text()):
            assert (ROOT / path).exists(), path


def test_every_part_that_has_owners_is_there() -> None:
    lines = (ROOT / ".gitlab" / "CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and line[0] in "*/"]
    assert rules[0] == ["*", "@crispml/maintainers"]
    for path, *owners in rules[1:]:
        assert (ROOT / path.strip("/")).exists(), path
        assert all(owner.startswith("@") for owner in owners)
        assert owners


EXAMPLE = """# Changelog

Newest first.

## 0.2.0, 2026-03-01

- More.

### Upgrade

- Nothing.

## 0.1.0, unreleased

- All.
"""


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("0.2.0", ("2026-03-01", "- More.\n\n### Upgrade\n\n- Nothing.\n")),
        ("0.1.0", ("unreleased", "- All.\n")),
    ],
)
def test_a_version_has_its_notes_and_no_others(version: str, found: tuple[str, str]) -> None:
    assert notes(EXAMPLE, version) == found


@pytest.mark.parametrize("version", ["0.2", "0.2.0,", "2026-03-01", ""])
def test_a_version_that_is_not_there_has_none(version: str) -> None:
    with pytest.raises(LookupError, match="has no version"):
        notes(EXAMPLE, version)


def test_the_notes_of_a_version_here_are_printed() -> None:
    version = re.findall(r"^## (\S+),", CHANGELOG, re.MULTILINE)[0]
    command = [sys.executable, "-m", "scripts.release_notes", f"v{version}"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert printed.strip() in CHANGELOG
    assert "## " + version not in printed
