"""The gate of a rollout: a load test in the cluster, its log, and what a miss brings about."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers import missing
from tests.tekton.conftest import DEPLOYMENT, OVERLAY, Cluster, Repository
from tests.tekton.test_gitlab import JOBS
from tests.tekton.test_rollout_steps import (
    NAMESPACE,
    STEPS,
    Rollout,
    by_component,
    image,
    images,
    load_image,
)

BEGINS = "[   3.1 s] soak of single at http://crispml-scoring:8102\n"
LOOKS = "[ 140.2 s] looking for 66120 acknowledged scores in the ledger\n"
MISSED = "[ 151.9 s] missed: single: p99_ms is 512.3, at most 250\n"
RESULT = '{"acknowledged": 66120, "in_ledger": 66120, "kept": %s}\n'
KEPT = (BEGINS, LOOKS, RESULT % "true")
NOT_KEPT = (BEGINS, LOOKS, MISSED + RESULT % "false")


class Load:
    """What becomes of the Jobs of a load test: a first pod whose log grows, and an end.

    Parameters
    ----------
    stages : sequence of str
        What the log has more of each time that it is read; without any the Job ends at once.
    ends : str
        The condition that the Job has when all was read; empty if it never ends.
    waits : str
        Why the pod does not start; empty if it does.
    """

    def __init__(
        self,
        cluster: Cluster,
        stages: Sequence[str] = KEPT,
        ends: str = "Complete",
        waits: str = "",
    ) -> None:
        self._server, self._stages, self._ends = cluster.server, stages, ends
        self._waits, self._read, self._pods = waits, 0, dict[str, dict[str, Any]]()
        self._others = cluster.server._becomes
        cluster.server._becomes, cluster.server.log_of = self._becomes, self._log_of

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The Jobs that were made, in any namespace."""
        return [
            found
            for (resource, _, name), found in self._server.objects.items()
            if resource == "jobs" and name.startswith("crispml-loadtest")
        ]

    def _becomes(self, found: dict[str, Any]) -> None:
        name = found["metadata"]["name"]
        if found["kind"] != "Job" or not name.startswith("crispml-loadtest"):
            self._others(found)
        elif name not in self._pods:
            self._pods[name] = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{name}-0-x7k2p",
                    "namespace": found["metadata"]["namespace"],
                    "labels": {
                        "batch.kubernetes.io/job-name": name,
                        "batch.kubernetes.io/job-completion-index": "0",
                    },
                },
                "spec": {"containers": [{"name": "loadtest", "image": "crispml-loadtest"}]},
                "status": {"phase": "Running"},
            }
            if self._waits:
                state = {
                    "waiting": {"reason": "CreateContainerConfigError", "message": self._waits}
                }
                self._pods[name]["status"] = {
                    "phase": "Pending",
                    "containerStatuses": [{"name": "loadtest", "state": state}],
                }
            if self._ends and not self._stages:
                found["status"] = {"conditions": [{"type": self._ends, "status": "True"}]}
            where = found["metadata"]["namespace"]
            self._server.objects["pods", where, f"{name}-0-x7k2p"] = self._pods[name]

    def _log_of(self, pod: str) -> str:
        if self._waits:
            return ""
        self._read = min(self._read + 1, len(self._stages))
        if self._read == len(self._stages) and self._ends:
            for job in self.jobs:
                job["status"] = {"conditions": [{"type": self._ends, "status": "True"}]}
        return "".join(self._stages[: self._read])


@pytest.fixture
def rollout(repository: Repository, cluster: Cluster, tmp_path: Path) -> Rollout:
    made = Rollout(repository, cluster, tmp_path)
    made.roll_out("a", repository.git("rev-parse", "HEAD")).passes(*STEPS)
    return made


@pytest.mark.container
def test_a_load_that_keeps_the_slo_passes_and_tells_its_log_once(
    rollout: Rollout, cluster: Cluster
) -> None:
    load = Load(cluster)
    run = rollout.task("load-test")
    said = run.passes("load")
    assert [said.count(line) for line in KEPT] == [1, 1, 1]
    (job,) = load.jobs
    assert f"the SLO of dev is kept: job/{job['metadata']['name']}" in said
    assert run.result("JOB") == job["metadata"]["name"]
    # It is made of the CronJob, with the image that was rolled out, and stays.
    assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "loadtest"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == image("loadtest", "a")
    assert not [
        path
        for method, path in cluster.server.asked
        if method == "DELETE" and job["metadata"]["name"] in path
    ]


@pytest.mark.container
def test_a_load_that_misses_the_slo_fails_and_says_what_was_missed(
    rollout: Rollout, cluster: Cluster
) -> None:
    load = Load(cluster, NOT_KEPT, "Failed")
    done = rollout.task("load-test").step("load")
    assert done.returncode == 1
    assert "the SLO of dev is not kept" in done.stderr
    assert MISSED in done.stderr
    assert RESULT % "false" in done.stdout
    assert len(load.jobs) == 1


@pytest.mark.container
def test_a_load_without_a_result_fails_with_the_logs_of_its_pods(
    rollout: Rollout, cluster: Cluster
) -> None:
    why = "[  93.0 s] no result: 1 of 2 processes of Locust had anything to say\n"
    Load(cluster, (BEGINS, why), "Failed")
    done = rollout.task("load-test").step("load")
    assert done.returncode == 1
    assert why in done.stderr
    assert "[pod/crispml-loadtest-" in done.stderr


@pytest.mark.container
def test_a_load_that_does_not_end_in_time_is_ended_and_fails(
    rollout: Rollout, cluster: Cluster
) -> None:
    load = Load(cluster, (BEGINS,), ends="")
    said = rollout.task("load-test", timeout="5").fails("load")
    assert "has not ended in 5 s" in said
    (job,) = load.jobs
    assert job["spec"]["activeDeadlineSeconds"] == 1
    assert job["spec"]["template"], "only its deadline changes"


@pytest.mark.container
def test_pods_that_do_not_start_say_why(rollout: Rollout, cluster: Cluster) -> None:
    Load(cluster, ends="", waits='secret "crispml-loadtest" not found')
    said = rollout.task("load-test", timeout="5").fails("load")
    assert 'pods wait: secret "crispml-loadtest" not found' in said


@pytest.mark.container
def test_an_environment_without_a_load_test_is_not_passed_over(
    rollout: Rollout, cluster: Cluster
) -> None:
    del cluster.server.objects["cronjobs", NAMESPACE, "crispml-loadtest"]
    load = Load(cluster)
    said = rollout.task("load-test").fails("load")
    assert "give the overlay dev the component loadtest, or say load-test=false" in said
    assert load.jobs == []


@pytest.mark.container
def test_the_builder_makes_no_load(rollout: Rollout, cluster: Cluster) -> None:
    load = Load(cluster)
    cluster.account = "builder"
    assert "orbidden" in rollout.task("load-test").fails("load")
    assert load.jobs == []


@pytest.mark.container
def test_a_release_that_misses_the_slo_is_rolled_back_to_the_one_before(
    rollout: Rollout, repository: Repository, cluster: Cluster
) -> None:
    """The way of the pipeline: a is verified, b misses the SLO, a is there again."""
    first = repository.git("rev-parse", "HEAD")
    rollout.note("a", first)
    second = repository.write({"README.md": "# Another\n"})
    rollout.source = repository.clone(rollout.folder / "second")
    before = rollout.before()
    rollout.roll_out("b", second).passes(*STEPS)
    assert load_image(rollout) == image("loadtest", "b")
    Load(cluster, NOT_KEPT, "Failed")
    assert MISSED in rollout.task("load-test").fails("load")
    # What `finally` gives to the task roll-out.
    rollout.task(
        "roll-out",
        images=before.result("IMAGES"),
        revision=before.result("REVISION"),
        migrate="false",
        load_test="false",
    ).passes(*STEPS)
    assert cluster.images() == by_component("a")
    assert load_image(rollout) == image("loadtest", "a")
    assert rollout.before().result("IMAGES") == images("a")


@pytest.mark.parametrize(
    ("job", "ends", "said", "passes"),
    [
        ("dev", "Complete", "created", True),
        ("qa", "Failed", "no rollout history found", False),
        ("prod", "", "", True),
    ],
)
def test_a_rollout_of_gitlab_alone_has_the_same_gate(
    cluster: Cluster, tmp_path: Path, job: str, ends: str, said: str, passes: bool
) -> None:
    """The last part of the script, which waits, loads, and goes back: of which there is nothing."""
    shutil.which("kubectl") or missing("kubectl is not installed")
    load = Load(cluster, (), ends)
    for resource, text in (
        ("deployments", DEPLOYMENT.format("scoring")),
        ("cronjobs", OVERLAY["deploy/k8s/overlays/dev/loadtest.yaml"]),
    ):
        found = yaml.safe_load(text)
        found["metadata"]["labels"] |= {"app.kubernetes.io/part-of": "crispml"}
        group = found["apiVersion"]
        path = f"/apis/{group}/namespaces/crispml-{job}/{resource}"
        assert cluster.server.answer("POST", path, found)[0] == 201
    (file,) = cluster.mounts
    done = subprocess.run(
        ["sh", "-eu"],
        input=JOBS[".deploy"]["script"][-1],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECONFIG": str(file),
            "CI_JOB_ID": "4711",
            "namespace": f"crispml-{job}",
            "part": "app.kubernetes.io/part-of=crispml",
            **JOBS[job]["variables"],
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert [one["metadata"]["name"] for one in load.jobs] == (
        ["crispml-loadtest-4711"] if job != "prod" else []
    )
