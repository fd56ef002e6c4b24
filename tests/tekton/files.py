"""The files of tekton/, and what is said of them in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEKTON = ROOT / "tekton"


@dataclass(frozen=True)
class Resource:
    """One document of a file."""

    path: Path
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        metadata = self.content["metadata"]
        return str(metadata.get("name") or metadata["generateName"].removesuffix("-"))

    @property
    def namespace(self) -> str:
        return str(self.content["metadata"].get("namespace", ""))

    @property
    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.content["spec"]
        return found

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}:{self.kind}:{self.namespace}"


def _load() -> Iterator[Resource]:
    for path in sorted(TEKTON.rglob("*.yaml")):
        for content in yaml.safe_load_all(path.read_text()):
            yield Resource(path, content)


RESOURCES = list(_load())


def of_kind(kind: str) -> dict[str, Resource]:
    """Return the resources of a kind by name."""
    return {found.name: found for found in RESOURCES if found.kind == kind}


TASKS, PIPELINES = of_kind("Task"), of_kind("Pipeline")
TRIGGERS, TEMPLATES = of_kind("Trigger"), of_kind("TriggerTemplate")
STEPS = {
    f"{task.name}/{step['name']}": (task, step)
    for task in TASKS.values()
    for step in task.spec["steps"]
}


def step_of(task: str, step: str) -> dict[str, Any]:
    """Return a step with what the template of its task adds."""
    found, own = STEPS[f"{task}/{step}"]
    template = found.spec.get("stepTemplate", {})
    return {
        **template,
        **own,
        "env": [*template.get("env", []), *own.get("env", [])],
        "volumeMounts": [*template.get("volumeMounts", []), *own.get("volumeMounts", [])],
        "securityContext": {
            **template.get("securityContext", {}),
            **own.get("securityContext", {}),
        },
    }


def runs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every run that somebody or an event may start."""
    for found in RESOURCES:
        if found.kind == "PipelineRun":
            yield str(found), found.content
        if found.kind == "TriggerTemplate":
            for content in found.spec["resourcetemplates"]:
                yield str(found), content
