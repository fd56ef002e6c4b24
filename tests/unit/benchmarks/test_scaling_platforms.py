"""Compose and a cluster are told the same few things, each in its own words."""

from __future__ import annotations

import json

import pytest

from benchmarks.scaling.compose import Compose
from benchmarks.scaling.images import others
from benchmarks.scaling.kubectl import Cluster, cores_of
from crispml_core.domain.errors import InvalidInput
from loadtest.demo import Target

TARGET = Target("https://training.example", "https://scoring.example", "")


class FakeCluster:
    """Answers as kubectl does, and remembers what was asked."""

    def __init__(self, replicas=2, cpu="500m", autoscaled=()):
        self.replicas, self.cpu, self.autoscaled = replicas, cpu, autoscaled
        self.changes: list[str] = []

    def __call__(self, program, option, namespace, *words):
        assert (program, option, namespace) == ("kubectl", "--namespace", "crispml-qa")
        match words:
            case ("get", "deployment", *_):
                limits = {"limits": {"cpu": self.cpu}} if self.cpu else {}
                containers = [{"name": "log"}, {"name": "scoring", "resources": limits}]
                return json.dumps(
                    {
                        "spec": {
                            "replicas": self.replicas,
                            "template": {"spec": {"containers": containers}},
                        },
                        "status": {"readyReplicas": self.replicas},
                    }
                )
            case ("get", "pods", *_):
                pods = [{"metadata": {"name": f"pod-{number}"}} for number in range(self.replicas)]
                return json.dumps({"items": pods})
            case ("get", "horizontalpodautoscalers", *_):
                found = [{"spec": {"scaleTargetRef": {"name": name}}} for name in self.autoscaled]
                return json.dumps({"items": found})
            case ("exec", *_):
                return "usage_usec 2500000\n"
        self.changes.append(" ".join(words))
        if words[0] == "scale":
            self.replicas = int(words[-1].partition("=")[2])
        return ""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("benchmarks.scaling.kubectl._HEARD_S", 0.0)
    monkeypatch.setattr("benchmarks.scaling.compose.wait_until_ready", lambda *_: None)


def test_a_cluster_is_scaled_rolled_and_left_as_it_was():
    fake = FakeCluster(replicas=2)
    with Cluster("crispml-qa", TARGET, fake) as cluster:
        assert cluster.ready() == 1
        assert cluster.cores == 0.5
        cluster.scale(3)
        assert cluster.used().seconds == {"scoring": 7.5}
        cluster.replace()
        cluster.set_workers(4, 1.0)
    rolled = "rollout status deployment/crispml-scoring --timeout=600s"
    assert fake.changes == [
        "scale deployment/crispml-scoring --replicas=1",
        rolled,
        "scale deployment/crispml-scoring --replicas=3",
        rolled,
        "rollout restart deployment/crispml-scoring",
        rolled,
        "set env deployment/crispml-scoring CRISPML_SERVER__WORKERS=4",
        "scale deployment/crispml-scoring --replicas=1",
        rolled,
        "set env deployment/crispml-scoring CRISPML_SERVER__WORKERS-",
        "scale deployment/crispml-scoring --replicas=2",
    ]


def test_a_cluster_that_scales_by_itself_is_not_measured_and_left_alone():
    fake = FakeCluster(autoscaled=["crispml-scoring"])
    with pytest.raises(InvalidInput, match="autoscaler"), Cluster("crispml-qa", TARGET, fake):
        pass
    assert fake.changes == []


def test_pods_without_a_limit_have_no_efficiency():
    with pytest.raises(InvalidInput, match="limit of cpu"):
        _ = Cluster("crispml-qa", TARGET, FakeCluster(cpu="")).cores


def test_quantities_are_cores():
    assert [cores_of(one) for one in ("2", "0.5", "250m")] == [2.0, 0.5, 0.25]


class FakeEngine:
    """Answers as docker does, with a balancer that knows all containers at once."""

    def __init__(self, clean=True):
        self.running, self.made, self.code = [], 0, 0 if clean else 137
        self.said: list[str] = []
        self.known: list[str] = []

    def __call__(self, *words, **options):
        if words[:2] == ("docker", "ps"):
            return "\n".join(reversed(self.running))
        if words[:2] == ("docker", "inspect"):
            networks = {"default": {"IPAddress": f"172.18.0.{words[2][1:]}"}}
            return json.dumps(
                [{"State": {"ExitCode": self.code}, "NetworkSettings": {"Networks": networks}}]
            )
        if words[:2] == ("docker", "exec"):
            return "usage_usec 1000000\n"
        if words[:2] == ("docker", "stop"):
            stopped = words[4:]
            self.running = [one for one in self.running if one not in stopped]
            self.said.append(f"stop {' '.join(stopped)}")
        if "--scale" in words:
            wanted = int(words[words.index("--scale") + 1].partition("=")[2])
            environment = options["env"]
            given = environment["SCORING_CPUS"], environment["SCORING_WORKERS"]
            self.said.append(f"{wanted} with {' cpu, '.join(given)} workers")
            while len(self.running) < wanted:
                self.made += 1
                self.running.append(f"c{self.made}")
        return ""

    def add(self, address):
        self.known.append(address)

    def remove(self, address):
        self.known.remove(address)

    def wait_for(self, replicas, longest_s):
        assert len(self.running) == len(self.known) == replicas


def compose(engine):
    made = Compose(0.25, engine)
    made._env, made._balancer = "env", engine
    made.scale(1)
    return made


def test_the_youngest_containers_are_stopped():
    engine = FakeEngine()
    project = compose(engine)
    project.scale(3)
    project.scale(1)
    assert engine.said[1:] == ["3 with 0.25 cpu, 1 workers", "stop c2 c3"]
    assert engine.running == ["c1"]
    assert project.unclean == 0


def test_each_container_is_replaced_after_a_new_one_is_ready():
    engine = FakeEngine()
    project = compose(engine)
    project.scale(2)
    project.replace()
    three = "3 with 0.25 cpu, 1 workers"
    assert engine.said[2:] == [three, "stop c1", three, "stop c2"]
    assert engine.running == ["c3", "c4"]


def test_a_container_that_was_killed_is_counted():
    project = compose(FakeEngine(clean=False))
    project.scale(3)
    project.scale(1)
    assert project.unclean == 2


def test_one_container_gets_workers_and_cores():
    engine = FakeEngine()
    project = compose(engine)
    project.set_workers(4, 1.0)
    assert engine.said[1:] == ["stop c1", "1 with 1 cpu, 4 workers"]
    assert project.cores == 1.0
    assert project.used().seconds["scoring"] == 1.0


def test_images_of_others_are_built_unless_somebody_names_them():
    said: list[tuple[str, ...]] = []
    named = others({"POSTGRES_IMAGE": "mine:17"}, lambda *words: said.append(words) or "")
    assert named == {"POSTGRES_IMAGE": "mine:17", "BALANCER_IMAGE": "crispml-scaling-haproxy"}
    assert [words[:2] for words in said] == [("docker", "build")]
