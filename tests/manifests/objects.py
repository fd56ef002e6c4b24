"""Looking into Kubernetes objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
# What a rule finds: sentences that name the object.
Findings = Iterator[str]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
SERVERS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True)
class Pods:
    """The pods of a workload."""

    owner: Object
    template: Object

    @property
    def kind(self) -> str:
        return str(self.owner["kind"])

    @property
    def name(self) -> str:
        return named(self.owner)

    @property
    def namespace(self) -> str:
        return str(self.owner["metadata"].get("namespace", ""))

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template["metadata"].get("labels", {}))

    @property
    def component(self) -> str:
        return self.labels.get("app.kubernetes.io/component", "")

    @property
    def spec(self) -> Object:
        return dict(self.template["spec"])

    def containers(self) -> list[Object]:
        """Return all containers, those of the start included."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    def volumes(self) -> dict[str, Object]:
        return {volume["name"]: volume for volume in self.spec.get("volumes", ())}

    def claims(self) -> dict[str, Object]:
        """Return the claims that a StatefulSet makes for each of its pods."""
        made = self.owner["spec"].get("volumeClaimTemplates", ())
        return {claim["metadata"]["name"]: claim for claim in made}

    def ports(self) -> dict[str, int]:
        """Return the numbers of the ports that have names."""
        return {
            port["name"]: port["containerPort"]
            for container in self.containers()
            for port in container.get("ports", ())
        }


def pods_of(objects: list[Object]) -> list[Pods]:
    """Return the pods of all workloads."""
    found = []
    for each in objects:
        if each["kind"] == "CronJob":
            found.append(Pods(each, each["spec"]["jobTemplate"]["spec"]["template"]))
        elif each["kind"] in WORKLOADS:
            found.append(Pods(each, each["spec"]["template"]))
    return found


def of_kind(objects: list[Object], *kinds: str) -> Iterator[Object]:
    """Return the objects of some kinds."""
    return (each for each in objects if each["kind"] in kinds)


def named(each: Object) -> str:
    """Return kind and name of an object."""
    return f"{each['kind']} {each['metadata']['name']}"


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Return whether a label selector selects what has these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for asked in selector.get("matchExpressions", ()):
        value = labels.get(asked["key"])
        holds = {
            "In": value in asked.get("values", ()),
            "NotIn": value not in asked.get("values", ()),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[asked["operator"]]
        if not holds:
            return False
    return True


def is_read_only(pods: Pods, volume: str) -> bool:
    """Return whether no container may write to a volume."""
    return all(
        mount.get("readOnly") is True
        for container in pods.containers()
        for mount in container.get("volumeMounts", ())
        if mount["name"] == volume
    )
