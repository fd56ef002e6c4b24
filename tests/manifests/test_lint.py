"""YAML, shell and Dockerfiles of the whole repository, as their own tools see them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted({name for name in listed.stdout.splitlines() if (ROOT / name).exists()})


def scripts():
    def is_shell(name):
        first = (ROOT / name).read_text(errors="replace").partition("\n")[0]
        return first.startswith("#!") and first.endswith(("sh", "bash"))

    return [name for name in tracked("*.sh", ".ci/*") if name.endswith(".sh") or is_shell(name)]


LINTS = {
    "yamllint": (["--strict", "-c", ".yamllint.yaml"], lambda: tracked("*.yml", "*.yaml")),
    "shellcheck": (["--severity=warning"], scripts),
    "hadolint": (
        ["-c", ".hadolint.yaml", "--failure-threshold=warning"],
        lambda: tracked("*Dockerfile*"),
    ),
}


def lint(tool, files, cwd):
    options, _ = LINTS[tool]
    return subprocess.run([BIN / tool, *options, *files], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize("tool", LINTS)
def test_nothing_is_found(tool):
    files = LINTS[tool][1]()
    assert len(files) > 1
    found = lint(tool, files, ROOT)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("yamllint", "a: 1\na: 2\n"),
        ("shellcheck", "#!/bin/sh\nrm -rf $1/*\nx=`ls`; for f in $(ls); do [ $f == a ]; done\n"),
        ("hadolint", "FROM debian\nRUN cd /tmp && sudo rm x\n"),
    ],
)
def test_a_fault_is_found(tool, text, tmp_path):
    (tmp_path / "faulty").write_text(text)
    for settings in (".yamllint.yaml", ".hadolint.yaml"):
        (tmp_path / settings).write_text((ROOT / settings).read_text())
    assert lint(tool, ["faulty"], tmp_path).returncode != 0
