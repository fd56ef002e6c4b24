"""What the README shows works as written."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.testing import check_use_case
from crispml_core.use_cases.loader import load_use_case

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Both services with the use cases that the README starts them with."""
    folder = tmp_path_factory.mktemp("crispml")
    references = re.findall(r"--use-case (\S+)", next(b for b in blocks("") if "crispml up" in b))
    settings = local_settings(folder, [f"{ROOT / reference}" for reference in references])
    make_stores(settings)
    with Services(folder, settings) as running:
        yield running.urls


def test_the_curl_session_runs_as_written(services, tmp_path):
    script = "set -euo pipefail\n" + "\n".join(blocks("bash"))
    script = script.replace("http://127.0.0.1:8101", services["training"])
    script = script.replace("http://127.0.0.1:8102", services["scoring"])
    script = script.replace("/tmp/report.html", "report.html")
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"verdict":"accepted"' in done.stdout.replace(" ", "")
    assert '"promoted":true' in done.stdout.replace(" ", "")
    assert "<html" in (tmp_path / "report.html").read_text()[:200]


def test_the_ten_lines_are_a_use_case(tmp_path):
    (document,) = blocks("yaml")
    assert len(document.splitlines()) <= 11
    file = tmp_path / "use_case.yaml"
    file.write_text(document)
    rows = [
        f"O-{n},{20 + n * 7 % 400},{1 + n % 4},{'yes' if n * 7 % 400 > 180 else 'no'}"
        for n in range(300)
    ]
    (tmp_path / "orders.csv").write_text("order_id,amount,items,returned\n" + "\n".join(rows))
    assert check_use_case(load_use_case(str(file)))
    assert yaml.safe_load(document)["name"] == "returns"


def test_every_file_that_is_linked_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_verb_of_make_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        named = set(
            re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / document).read_text(), re.MULTILINE)
        )
        assert named <= targets
