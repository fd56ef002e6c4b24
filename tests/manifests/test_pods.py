"""The pods of dev run as their manifests say: users, volumes, Secrets, probes and limits."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.manifests import rendering
from tests.manifests.kubelet import Kubelet
from tests.manifests.scripts import run
from tests.servers import missing

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]
DATA = rendering.EXAMPLES / "german_credit" / "german_credit.csv"


@pytest.fixture
def kubelet(store, tmp_path):
    """A node on which nothing runs yet, and the Secrets of dev."""
    for image in ("crispml-training:0.1.0", "crispml-scoring:0.1.0", "crispml-console:0.1.0"):
        looked = ["docker", "image", "inspect", image]
        if shutil.which("docker") is None or subprocess.run(looked, capture_output=True).returncode:
            missing(f"there is no image {image}: make images")
    if os.getuid() != 0:
        missing("only root makes files of other users")
    assert run("secrets.sh", "dev").returncode == 0
    tmp_path.chmod(0o755)
    node = Kubelet(rendering.overlay("overlays/dev"), tmp_path / "node", store / "secrets")
    yield node
    node.close()


def crispml(environment, *words, told=""):
    """Run the command line, as whoever reads the page does."""
    done = subprocess.run(
        [sys.executable, "-m", "crispml_core.cli", *words, "--json"],
        env=environment,
        input=told,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_record_is_scored_by_the_pods_of_dev(kubelet, tmp_path, capsys):
    training_port, scoring_port = free_port(), free_port()
    # A service waits for its tables, and goes on after the migration.
    kubelet.start("training", http=training_port)
    code, said = kubelet.run("migration")
    assert code == 0, said
    code, said = kubelet.run("retention")
    assert code == 0, said

    kubelet.ready("training", training_port)
    scoring = kubelet.start("scoring", http=scoring_port)
    seconds = kubelet.ready("scoring", scoring_port)
    with capsys.disabled():
        print(f"\na scoring pod is ready after {seconds:.1f} s")

    asked = {
        **os.environ,
        "CRISPML_API_KEY": (tmp_path / "crispml-dev.key").read_text().strip(),
        "CRISPML_TRAINING_URL": f"http://127.0.0.1:{training_port}",
        "CRISPML_SCORING_URL": f"http://127.0.0.1:{scoring_port}",
    }
    cycle = crispml(asked, "cycle", "german_credit", "--promote")
    assert cycle["result"]["promoted"], cycle
    # The last column is the target.
    rows = "\n".join(line.rpartition(",")[0] for line in DATA.read_text().splitlines()[:2])
    (score,) = crispml(asked, "score", "german_credit", told=rows)["scores"]
    assert score["score_id"]

    # Scoring cannot write to the registry, nor to its image.
    for path in ("/var/lib/crispml/registry/x", "/opt/crispml/x", "/etc/crispml/privacy/x"):
        assert kubelet.inside(scoring, "touch", path) != 0
    assert kubelet.inside(scoring, "test", "-r", "/etc/crispml/signing/key.pem") != 0
    assert kubelet.stop("scoring", scoring) == 0


def test_the_console_of_dev_is_there_without_the_services_and_ends_when_asked(kubelet):
    port = free_port()
    console = kubelet.start("console", http=port)
    kubelet.ready("console", port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
        assert page.status == 200
        assert b"CrispML" in page.read()
    assert kubelet.inside(console, "touch", "/opt/crispml/x") != 0
    assert kubelet.stop("console", console) == 0
