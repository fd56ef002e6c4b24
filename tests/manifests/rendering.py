"""What kustomize makes of `deploy/k8s`: of each overlay, and of components in many combinations."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.servers import missing

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
EXAMPLES = ROOT / "examples"

Objects = list[dict[str, Any]]

OVERLAYS = ("overlays/dev", "overlays/qa", "overlays/prod")
PLATFORM = ("platform/db2", "platform/node-exporter")
DATABASES = ("sqlite", "postgres", "postgres-external", "db2", "db2-external")
# In the order in which they have to be named; what stands in brackets needs what comes before.
OPTIONS = (
    ("outside",),
    ("examples",),
    ("loadtest",),
    ("dask",),
    ("influxdb",),
    ("monitoring",),
    ("influxdb", "monitoring", "grafana"),
    ("ingress",),
    ("log-shipping",),
    ("stateful-scoring",),
    ("autoscaling",),
    ("autoscaling", "autoscaling-in-flight"),
    ("stateful-scoring", "autoscaling", "autoscaling-in-flight"),
    ("single-node",),
    ("openshift",),
)
_ORDER = (
    "dask",
    *DATABASES,
    "outside",
    "examples",
    "loadtest",
    "influxdb",
    "monitoring",
    "grafana",
    "ingress",
    "log-shipping",
    "stateful-scoring",
    "autoscaling",
    "autoscaling-in-flight",
    "single-node",
    "openshift",
)


def combinations() -> list[tuple[str, ...]]:
    """Return what is tried: whatever changes the same objects together, and everything at once."""
    everything = {name for option in OPTIONS for name in option}
    found = {}
    for database in DATABASES:
        found[_sorted({database})] = None
        found[_sorted({database} | everything)] = None
        found[_sorted(({database} | everything) - {"stateful-scoring", "openshift"})] = None
    for option in OPTIONS:
        for others in ({"sqlite"}, {"postgres"}, {"postgres", "stateful-scoring"}):
            found[_sorted({*others, *option})] = None
        found[_sorted({"postgres", "openshift", *option})] = None
    return list(found)


def _sorted(names: set[str]) -> tuple[str, ...]:
    # That of SQLite is for one node already.
    if "sqlite" in names:
        names = names - {"single-node"}
    # Its workers need the volume that its pods do not share.
    if "stateful-scoring" in names:
        names = names - {"dask"}
    return tuple(sorted(names, key=_ORDER.index))


@cache
def overlay(folder: str) -> Objects:
    """Return the objects of a folder below `deploy/k8s`."""
    return _rendered(K8S / folder)


@cache
def combination(components: Sequence[str]) -> Objects:
    """Return the objects of the base with components."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        paths = [EXAMPLES if c == "examples" else K8S / "components" / c for c in components]
        layer = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "crispml-test",
            "resources": [os.path.relpath(K8S / "base", folder)],
            "components": [os.path.relpath(path, folder) for path in paths],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(layer))
        return _rendered(folder)


def _rendered(folder: Path) -> Objects:
    if shutil.which("kubectl") is None:
        missing("there is no kubectl")
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # A field that kustomize will drop is told on the side.
    assert not done.stderr, done.stderr
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(done.stdout, loader) if each]
