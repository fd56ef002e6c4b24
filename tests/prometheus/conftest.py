"""A Prometheus with the shipped configuration, and services that have done real work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from crispml_core.cli.services import PLANS, Services, local_settings, make_stores
from crispml_core.cli.tour import take_tour
from crispml_core.client import CrispMLClient
from tests.prometheus.server import Prometheus, prometheus

ROOT = Path(__file__).parents[2]
# A busy machine may take its time; proxies of the environment are not asked.
HTTP: dict[str, Any] = {"timeout": 60, "trust_env": False}
USE_CASE = f"{ROOT / 'examples' / 'german_credit' / 'use_case.py'}:german_credit"


@dataclass
class Watched:
    """Both services, one by one, and the Prometheus that watches them."""

    folder: Path
    settings: dict[str, str]
    prometheus: Prometheus
    running: dict[str, Services] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a service, and let Prometheus know where."""
        plans = [plan for plan in PLANS if plan.name == name]
        services = Services(self.folder / name, self.settings, plans)
        services.__enter__()
        self.running[name] = services
        self.urls |= services.urls
        self.prometheus.watch(self.urls)

    def stop(self, name: str) -> None:
        """Stop a service; Prometheus goes on asking for it."""
        self.running.pop(name).stop()

    def metrics(self, name: str) -> str:
        """Return what a service tells."""
        return httpx.get(f"{self.urls[name]}/metrics", **HTTP).text

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers: labels and the value now."""
        answer = httpx.get(
            f"{self.prometheus.url}/api/v1/query", params={"query": query}, **HTTP
        ).json()
        assert answer["status"] == "success", answer
        return [
            {**found["metric"], "value": float(found["value"][1])}
            for found in answer["data"]["result"]
        ]

    def rules(self) -> list[dict[str, Any]]:
        """Return the groups of rules with what became of each."""
        answer = httpx.get(f"{self.prometheus.url}/api/v1/rules", **HTTP).json()
        found: list[dict[str, Any]] = answer["data"]["groups"]
        return found

    def wait_for(self, query: str, seconds: float = 90) -> list[dict[str, Any]]:
        """Ask until there is an answer."""
        return until(lambda: self.ask(query), query, seconds)


def until(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Wait for something, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(f"it did not happen in time: {what}")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A champion that scored, got labels and was verified, and a Prometheus that saw it."""
    folder = tmp_path_factory.mktemp("prometheus")
    settings = local_settings(folder / "stores", [USE_CASE]) | {"CRISPML_SERVER__WORKERS": "2"}
    make_stores(settings)
    with ExitStack() as stack:
        found = Watched(folder, settings, stack.enter_context(prometheus(folder)))
        stack.callback(lambda: [services.stop() for services in found.running.values()])
        for plan in PLANS:
            found.start(plan.name)
        _work(found)
        yield found


def _work(found: Watched) -> None:
    until(lambda: _is_seen(found), "Prometheus sees both services", 60)
    with CrispMLClient(found.urls["training"], found.urls["scoring"]) as client:
        name = next(iter(client.training.use_cases())).name
        take_tour(client, name, seed=0, report=lambda *_: None)
        client.scoring.verify(name)
        # Asking for drift counts what was scored.
        httpx.get(f"{found.urls['scoring']}/api/v1/use-cases/{name}/drift", **HTTP)


def _is_seen(found: Watched) -> bool:
    try:
        return len(found.ask('up{job=~"crispml.+"} == 1')) == 2
    except httpx.TransportError:
        return False
