"""Replicas as pods of a cluster, which has the suite of ``deploy/k8s`` in a namespace.

The address of scoring is one that balances requests, as an ingress does. A Service balances
connections only: those of a load stay with the pods that it began with.
"""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks.scaling.platform import READ_USED, Command, CommandFailed, Used, run, used_s
from crispml_core.domain.errors import InvalidInput
from loadtest.demo import Target

_DEPLOYMENT, _CONTAINER = "crispml-scoring", "scoring"
_SELECTOR = "app.kubernetes.io/name=crispml-scoring"
_ROLLED = "--timeout=600s"
_WORKERS = "CRISPML_SERVER__WORKERS"
# An ingress and every node have to hear of it.
_HEARD_S = 2.0


class Cluster:
    """The Deployment of scoring, from entry to exit; then it has as many pods as before.

    Parameters
    ----------
    namespace : str
        Where the suite is.
    target : Target
        Where the services are.
    command : Command
        Runs commands.
    """

    name = "kubernetes"
    shares_core = False

    def __init__(self, namespace: str, target: Target, command: Command = run) -> None:
        self._namespace, self.target, self._command = namespace, target, command
        self.unclean = 0
        self._has_workers = False
        self._before = 1

    def __enter__(self) -> Cluster:
        deployment = self._deployment()
        self._before = int(deployment["spec"]["replicas"])
        self._refuse_autoscaler()
        self.scale(1)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._has_workers:
            self._kubectl("set", "env", f"deployment/{_DEPLOYMENT}", f"{_WORKERS}-")
        self._kubectl("scale", f"deployment/{_DEPLOYMENT}", f"--replicas={self._before}")

    @property
    def cores(self) -> float:
        """The limit of one pod."""
        containers = self._deployment()["spec"]["template"]["spec"]["containers"]
        (limits,) = (
            one.get("resources", {}).get("limits", {})
            for one in containers
            if one["name"] == _CONTAINER
        )
        if "cpu" not in limits:
            raise InvalidInput(f"deployment {_DEPLOYMENT}: set a limit of cpu, to know what it has")
        return cores_of(str(limits["cpu"]))

    def ready(self) -> int:
        """Return how many pods are ready."""
        return int(self._deployment()["status"].get("readyReplicas", 0))

    def scale(self, replicas: int) -> None:
        """Change the number of pods, and wait until so many are ready and the others are gone."""
        self._kubectl("scale", f"deployment/{_DEPLOYMENT}", f"--replicas={replicas}")
        self._wait(replicas)

    def replace(self) -> None:
        """Roll all pods, one after the other, by the strategy of the Deployment."""
        self._kubectl("rollout", "restart", f"deployment/{_DEPLOYMENT}")
        self._wait(int(self._deployment()["spec"]["replicas"]))

    def set_workers(self, workers: int, cores: float) -> None:
        """Give each pod so many processes; its cores are those of its manifest."""
        self._has_workers = True
        self._kubectl("set", "env", f"deployment/{_DEPLOYMENT}", f"{_WORKERS}={workers}")
        self.scale(1)

    def used(self) -> Used:
        """Return the processor time of the pods."""
        at, seconds = time.monotonic(), 0.0
        for pod in self._pods():
            seconds += used_s(self._kubectl("exec", pod, "-c", _CONTAINER, "--", *READ_USED))
        return Used(at, {"scoring": seconds})

    def _wait(self, replicas: int) -> None:
        self._kubectl("rollout", "status", f"deployment/{_DEPLOYMENT}", _ROLLED)
        deadline = time.monotonic() + 600
        # Pods that end are no part of the status.
        while len(self._pods()) != replicas:
            if time.monotonic() > deadline:
                raise CommandFailed("pods that were asked to end are still there after ten minutes")
            time.sleep(1)
        time.sleep(_HEARD_S)

    def _pods(self) -> list[str]:
        found = json.loads(self._kubectl("get", "pods", "-l", _SELECTOR, "-o", "json"))
        return [str(one["metadata"]["name"]) for one in found["items"]]

    def _deployment(self) -> dict[str, Any]:
        return dict(json.loads(self._kubectl("get", "deployment", _DEPLOYMENT, "-o", "json")))

    def _refuse_autoscaler(self) -> None:
        found = json.loads(self._kubectl("get", "horizontalpodautoscalers", "-o", "json"))
        names = [one["spec"]["scaleTargetRef"]["name"] for one in found["items"]]
        if _DEPLOYMENT in names:
            raise InvalidInput(
                "an autoscaler sets the number of pods of scoring: take it away for this test"
            )

    def _kubectl(self, *words: str) -> str:
        return self._command("kubectl", "--namespace", self._namespace, *words)


def cores_of(quantity: str) -> float:
    """Return how many cores a quantity of Kubernetes is: ``2``, ``0.5`` or ``250m``."""
    if quantity.endswith("m"):
        return int(quantity[:-1]) / 1000
    return float(quantity)
