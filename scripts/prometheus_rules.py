"""Write the rules of Prometheus as resources of its operator: ``make manifests``.

`deploy/prometheus/rules` is where they are made, and what a Prometheus without an operator reads.
In a cluster the same groups are the ``spec`` of a PrometheusRule, which kustomize cannot make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RULES = ROOT / "deploy" / "prometheus" / "rules"
TARGET = ROOT / "deploy" / "k8s" / "components" / "monitoring" / "rules.yaml"

_HEAD = "# Made by `make manifests` out of deploy/prometheus/rules; change it there.\n"


def rendered() -> str:
    """Return the file with a PrometheusRule for each file of rules."""
    resources = [_resource(file) for file in sorted(RULES.glob("*.yml"))]
    return _HEAD + yaml.safe_dump_all(resources, sort_keys=False, width=100, allow_unicode=True)


def _resource(file: Path) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": f"crispml-{file.stem}",
            "labels": {
                "app.kubernetes.io/name": "crispml-monitoring",
                "app.kubernetes.io/component": "monitoring",
            },
        },
        "spec": yaml.safe_load(file.read_text()),
    }


if __name__ == "__main__":
    TARGET.write_text(rendered())
