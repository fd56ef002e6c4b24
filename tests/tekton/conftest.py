"""What the steps work on: a repository, a cluster, a registry and a GitLab."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tekton.api_server import ApiServer
from tests.tekton.containers import open_to_all
from tests.tekton.test_rights import may

GIT = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: crispml-{0}, labels: &labels {{app.kubernetes.io/component: {0}}}}}
spec:
  selector: {{matchLabels: *labels}}
  template:
    metadata: {{labels: *labels}}
    spec: {{containers: [{{name: {0}, image: crispml-{0}}}]}}
"""
OVERLAY = {
    "deploy/k8s/overlays/dev/training.yaml": DEPLOYMENT.format("training"),
    "deploy/k8s/overlays/dev/scoring.yaml": DEPLOYMENT.format("scoring"),
    "deploy/k8s/overlays/dev/console.yaml": DEPLOYMENT.format("console"),
    "deploy/k8s/overlays/dev/loadtest.yaml": """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: crispml-loadtest, labels: &labels {app.kubernetes.io/component: loadtest}}
spec:
  schedule: "17 3 * * *"
  suspend: true
  jobTemplate:
    metadata: {labels: *labels}
    spec:
      template:
        metadata: {labels: *labels}
        spec: {restartPolicy: Never, containers: [{name: loadtest, image: crispml-loadtest}]}
""",
    "deploy/k8s/overlays/dev/job.yaml": """\
apiVersion: batch/v1
kind: Job
metadata: {name: database-migration, labels: {app.kubernetes.io/component: migration}}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: migration, image: crispml-training}]}
""",
    "deploy/k8s/overlays/dev/namespace.yaml": """\
apiVersion: v1
kind: Namespace
metadata: {name: crispml-dev}
""",
    "deploy/k8s/overlays/dev/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: crispml-dev
resources: [training.yaml, scoring.yaml, console.yaml, loadtest.yaml, job.yaml, namespace.yaml]
configMapGenerator:
  - {name: settings, literals: [CRISPML_ENVIRONMENT=dev]}
labels:
  - {pairs: {app.kubernetes.io/part-of: crispml}, includeTemplates: true}
""",
}
SOURCES = {
    "README.md": "# It\n",
    "docs/page.md": "# A page\n",
    ".dockerignore": ".git\n",
    "crispml_core/__init__.py": '__version__ = "0.7.0"\n',
    "services/scoring/app.py": "",
    "services/training/app.py": "",
    **{
        f"services/{one}/Dockerfile": f"""\
FROM python AS build
COPY README.md ./
COPY crispml_core crispml_core
COPY --chown=10001:0 services/{one} \\
  services/{one}
FROM python
COPY --from=build /opt/crispml /opt/crispml
"""
        for one in ("training", "scoring")
    },
    "loadtest/app.py": "",
    "loadtest/Dockerfile": "FROM python\nCOPY crispml_core crispml_core\nCOPY loadtest loadtest\n",
}


@dataclass
class Repository:
    """A repository that somebody commits to, and that steps clone."""

    folder: Path

    def write(self, files: dict[str, str]) -> str:
        """Write files, commit them, and return the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *GIT, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def clone(self, target: Path) -> Path:
        """Return a clone that a step may write to."""
        self.git("clone", "--quiet", str(self.folder), str(target))
        return open_to_all(target)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    made = Repository(folder)
    made.git("init", "--quiet")
    made.write({**SOURCES, **OVERLAY})
    return made


@dataclass
class Cluster:
    """A cluster with the rights of one account, and what becomes of its pods."""

    server: ApiServer
    env: dict[str, str]
    mounts: dict[Path, str]
    broken: set[str]
    account: str = "deployer"

    def images(self, namespace: str = "crispml-dev") -> dict[str, str]:
        """Return the image of each Deployment."""
        return {
            name.removeprefix("crispml-"): _image(found)
            for (resource, where, name), found in self.server.objects.items()
            if (resource, where) == ("deployments", namespace)
        }


def _image(found: dict[str, Any]) -> str:
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made: Cluster

    def becomes(found: dict[str, Any]) -> None:
        if found["kind"] not in ("Deployment", "Job"):
            return
        works = _image(found) not in made.broken
        if found["kind"] == "Job":
            kind = "Complete" if works else "Failed"
            found["status"] = {"conditions": [{"type": kind, "status": "True"}]}
            return
        generation = found["metadata"]["generation"]
        found["spec"].setdefault("replicas", 1)
        found["status"] = {
            "observedGeneration": generation,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1 if works else 0,
            "conditions": [
                {
                    "type": "Progressing",
                    "status": "True" if works else "False",
                    "reason": "NewReplicaSetAvailable" if works else "ProgressDeadlineExceeded",
                }
            ],
        }

    def allowed(verb: str, resource: str, namespace: str) -> bool:
        return may(made.account, verb, resource, namespace)

    with ApiServer(allowed, becomes) as server:
        config = server.kubeconfig(tmp_path / "kubeconfig")
        made = Cluster(
            server, {"KUBECONFIG": "/kubeconfig"}, {config: "/kubeconfig:ro"}, broken=set()
        )
        yield made
