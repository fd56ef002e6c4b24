"""The sessions that the README and the pages of docs show work as written.

Blocks marked ``bash`` are run; what is only shown has no mark. A page goes on where the README
ends.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crispml_core.cli.services import Services, local_settings, make_stores

ROOT = Path(__file__).parents[2]
PAGES = {
    "labels": '"superseded":1',
    "drift": '"trend_window":"hour"',
    "challengers": '"kind":"replay"',
    "monitoring": '"evaluation_id":',
    "environments": '"fallback_s":',
    "catalogue": '"changed_by_column":',
    "lineage": '"level":"identical"',
    "signatures": '"key_id":',
}


def blocks(page, language):
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


class Shell:
    """Runs blocks in one folder; what the README sets is there for each page."""

    def __init__(self, folder, services):
        self._folder, self._urls, self._kept = folder, services.urls, folder / "kept.sh"
        self._services = services.folder

    def run(self, page, *, keep=False):
        script = "\n".join(blocks(page, "bash"))
        for service, port in (("training", 8101), ("scoring", 8102)):
            script = script.replace(f"http://127.0.0.1:{port}", self._urls[service])
        script = script.replace("/tmp/report.html", "report.html")
        script = script.replace(".crispml/", f"{self._services}/")
        before = f". {self._kept}\n" if self._kept.exists() else ""
        names = " ".join(re.findall(r"^(\w+)=", script, re.MULTILINE))
        after = f"\n{{ declare -p {names}; declare -f; }} > {self._kept}" if keep else ""
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{before}{script}{after}"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ
            | {f"CRISPML_{service.upper()}_URL": url for service, url in self._urls.items()}
            | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.replace(" ", "")

    def read(self, name):
        return (self._folder / name).read_text()


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Both services with the use cases that the README starts them with."""
    folder = tmp_path_factory.mktemp("crispml")
    start = next(block for block in blocks("README.md", "") if "crispml up" in block)
    references = re.findall(r"--use-case (\S+)", start)
    settings = local_settings(folder, [f"{ROOT / reference}" for reference in references])
    make_stores(settings)
    with Services(folder, settings | {"CRISPML_AUTH__MODE": "required"}) as running:
        yield running


@pytest.fixture(scope="module")
def readme(services, tmp_path_factory):
    """The shell after the session of the README, and what that printed."""
    shell = Shell(tmp_path_factory.mktemp("session"), services)
    return shell, shell.run("README.md", keep=True)


def test_the_session_of_the_readme_runs_as_written(readme):
    shell, printed = readme
    assert '"verdict":"accepted"' in printed
    assert '"promoted":true' in printed
    assert "<html" in shell.read("report.html")[:200]


@pytest.mark.parametrize(("page", "expected"), PAGES.items(), ids=PAGES)
def test_the_session_of_a_page_runs_as_written(readme, page, expected):
    shell, _ = readme
    assert expected in shell.run(f"docs/{page}.md")


def test_the_session_about_verification_gives_equal_reports(readme):
    shell, _ = readme
    assert '"kind":"verification"' in shell.run("docs/verification.md")
    first, again = (json.loads(shell.read(f"{name}.json")) for name in ("first", "again"))
    assert first["id"] != again["id"]
    assert first["digest"] == again["digest"]


def test_every_page_with_a_session_is_run():
    shown = {page.stem for page in (ROOT / "docs").glob("*.md") if "```bash\n" in page.read_text()}
    assert shown == {*PAGES, "verification"}
