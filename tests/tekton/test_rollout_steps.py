"""The steps of a rollout against an API server: what is applied, waited for and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tekton.conftest import OVERLAY, Cluster, Repository
from tests.tekton.containers import TaskRun
from tests.tekton.files import TEMPLATES

pytestmark = pytest.mark.container
NAMESPACE = "crispml-dev"
SERVICES = ("training", "scoring", "console")
COMPONENTS = (*SERVICES, "loadtest")
STEPS = ("set-digests", "apply", "migrate", "roll-services")


def image(component: str, letter: str) -> str:
    return f"registry.example.com/crispml/crispml-{component}@sha256:{letter * 64}"


class Rollout:
    """The tasks of the pipeline, in a repository and a cluster."""

    def __init__(self, repository: Repository, cluster: Cluster, folder: Path) -> None:
        self.repository, self.cluster, self.folder = repository, cluster, folder
        self.source = repository.clone(folder / "source")
        self._count = 0

    def task(self, name: str, **params: str) -> TaskRun:
        self._count += 1
        needs_source = {"source": self.source} if name == "roll-out" else {}
        return TaskRun(
            name,
            self.folder / f"{self._count}-{name}",
            {key.replace("_", "-"): value for key, value in params.items()}
            | {"environment": "dev"},
            needs_source,
            self.cluster.env,
            self.cluster.mounts,
        )

    def roll_out(self, letter: str, revision: str, **params: str) -> TaskRun:
        return self.task("roll-out", images=images(letter), revision=revision, **params)

    def note(self, letter: str, revision: str) -> None:
        self.task("note-images", images=images(letter), revision=revision).passes("note")

    def before(self) -> TaskRun:
        found = self.task("read-images", revision="f" * 40)
        found.passes("read")
        return found


def by_component(letter: str) -> dict[str, str]:
    return {component: image(component, letter) for component in SERVICES}


def images(letter: str) -> str:
    return " ".join(f"{component}={image(component, letter)}" for component in COMPONENTS)


def load_image(rollout: Rollout) -> str:
    """Return the image of the load test."""
    found = rollout.cluster.server.get("cronjobs", NAMESPACE, "crispml-loadtest")
    assert found is not None
    pods = found["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return str(pods["containers"][0]["image"])


@pytest.fixture
def rollout(repository: Repository, cluster: Cluster, tmp_path: Path) -> Rollout:
    return Rollout(repository, cluster, tmp_path)


@pytest.fixture
def first(repository: Repository) -> str:
    return repository.git("rev-parse", "HEAD")


def test_digests_are_set_in_the_overlay_and_applied_by_the_deployer(
    rollout: Rollout, first: str
) -> None:
    run = rollout.roll_out("a", first)
    said = run.passes(*STEPS)
    assert rollout.cluster.images() == by_component("a")
    assert "successfully rolled out" in said
    assert run.result("TRAINING_IMAGE") == image("training", "a")
    job = rollout.cluster.server.get("jobs", NAMESPACE, "database-migration")
    assert job is not None
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == image("training", "a")
    kinds = {resource for resource, *_ in rollout.cluster.server.objects}
    assert kinds == {"configmaps", "cronjobs", "deployments", "jobs"}, (
        "the namespace is not the deployer's"
    )
    assert load_image(rollout) == image("loadtest", "a")


def test_a_migration_that_was_done_is_done_anew_for_the_next_release(
    rollout: Rollout, first: str
) -> None:
    rollout.roll_out("a", first).passes(*STEPS)
    before = rollout.cluster.server.get("jobs", NAMESPACE, "database-migration")
    rollout.roll_out("b", first).passes(*STEPS)
    after = rollout.cluster.server.get("jobs", NAMESPACE, "database-migration")
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] != after["metadata"]["uid"]
    assert ("DELETE", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/database-migration") in (
        rollout.cluster.server.asked
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "registry.example.com/crispml/crispml-scoring:latest",
        "crispml-scoring@sha256:abc",
        "x@sha256:" + "a" * 64 + '"}]\npatches: []',
        "$(id)@sha256:" + "a" * 64,
    ],
)
def test_what_is_no_image_by_digest_is_refused(rollout: Rollout, first: str, wrong: str) -> None:
    said = images("a").replace(image("scoring", "a"), wrong)
    run = rollout.task("roll-out", images=said, revision=first)
    assert "image by digest" in run.fails("set-digests")
    assert rollout.cluster.server.objects == {}


def test_an_overlay_without_a_place_for_an_image_is_refused(
    rollout: Rollout, repository: Repository, first: str
) -> None:
    name = "deploy/k8s/overlays/dev/scoring.yaml"
    text = (repository.folder / name).read_text().replace("image: crispml-scoring", "image: other")
    revision = repository.write({name: text})
    rollout.source = repository.clone(rollout.folder / "again")
    assert "has no place for" in rollout.roll_out("a", revision).fails("set-digests")


def without_load_test(repository: Repository) -> str:
    """Commit an overlay that has no load test, as that of prod."""
    name = "deploy/k8s/overlays/dev/kustomization.yaml"
    text = (repository.folder / name).read_text().replace("loadtest.yaml, ", "")
    return repository.write({name: text})


def test_an_overlay_without_a_load_test_is_refused_unless_that_is_said(
    rollout: Rollout, repository: Repository
) -> None:
    revision = without_load_test(repository)
    rollout.source = repository.clone(rollout.folder / "again")
    refused = rollout.roll_out("a", revision)
    assert f"has no place for loadtest={image('loadtest', 'a')}" in refused.fails("set-digests")
    said = rollout.roll_out("a", revision, load_test="false").passes(*STEPS)
    assert f"no load is made in dev, so it is left out: loadtest={image('loadtest', 'a')}" in said
    assert rollout.cluster.images() == by_component("a")
    assert rollout.cluster.server.get("cronjobs", NAMESPACE, "crispml-loadtest") is None


@pytest.mark.parametrize("component", SERVICES)
def test_only_a_load_test_may_be_left_out(
    rollout: Rollout, repository: Repository, component: str
) -> None:
    # The migration has the image of training, too.
    folder = "deploy/k8s/overlays/dev"
    names = [f"{folder}/{file}.yaml" for file in (component, "job")]
    files = {
        name: OVERLAY[name].replace(f"image: crispml-{component}", "image: other") for name in names
    }
    revision = repository.write(files)
    rollout.source = repository.clone(rollout.folder / "again")
    run = rollout.roll_out("a", revision, load_test="false")
    assert f"has no place for {component}=" in run.fails("set-digests")


def test_images_of_before_there_was_a_load_test_are_rolled_out_without_it(
    rollout: Rollout, first: str
) -> None:
    """As by a roll-back to what nobody has noted down."""
    said = images("a").replace(f" loadtest={image('loadtest', 'a')}", "")
    refused = rollout.task("roll-out", images=said, revision=first)
    assert "has crispml-loadtest, and no image was said for it" in refused.fails("set-digests")
    rollout.task("roll-out", images=said, revision=first, load_test="false").passes(*STEPS)
    assert rollout.cluster.images() == by_component("a")
    assert rollout.cluster.server.get("cronjobs", NAMESPACE, "crispml-loadtest") is None


def test_a_service_without_an_image_is_refused(rollout: Rollout, first: str) -> None:
    said = images("a").replace(f"scoring={image('scoring', 'a')} ", "")
    run = rollout.task("roll-out", images=said, revision=first)
    assert "has crispml-scoring, and no image was said for it" in run.fails("set-digests")
    assert rollout.cluster.server.objects == {}


@pytest.mark.parametrize("name", ["crispml-{}-db2", "registry.example.org:5000/own/crispml-{}:1.2"])
def test_digests_are_set_whatever_an_overlay_calls_the_images(
    rollout: Rollout, repository: Repository, name: str
) -> None:
    files = {
        f"deploy/k8s/overlays/dev/{file}.yaml": OVERLAY[f"deploy/k8s/overlays/dev/{file}.yaml"]
        .replace("image: crispml-training", f"image: {name.format('training')}")
        .replace("image: crispml-scoring", f"image: {name.format('scoring')}")
        for file in ("training", "scoring", "job")
    }
    revision = repository.write(files)
    rollout.source = repository.clone(rollout.folder / "again")
    rollout.roll_out("a", revision).passes(*STEPS)
    assert rollout.cluster.images() == by_component("a")


def test_a_migration_that_fails_stops_the_rollout(rollout: Rollout, first: str) -> None:
    rollout.cluster.broken.add(image("training", "b"))
    run = rollout.roll_out("b", first)
    run.passes("set-digests", "apply")
    assert "the services stay as they were" in run.fails("migrate")
    assert rollout.cluster.images() == {}


def test_pods_that_do_not_become_ready_stop_the_rollout(rollout: Rollout, first: str) -> None:
    rollout.cluster.broken.add(image("scoring", "b"))
    run = rollout.roll_out("b", first)
    run.passes("set-digests", "apply", "migrate")
    assert "exceeded its progress deadline" in run.fails("roll-services")


def test_a_rollout_that_fails_puts_back_the_images_and_the_manifests_of_before(
    rollout: Rollout, repository: Repository, first: str
) -> None:
    """The whole way of the pipeline: verified a, broken b with other manifests, a again."""
    rollout.roll_out("a", first).passes(*STEPS)
    rollout.note("a", first)
    name = "deploy/k8s/overlays/dev/kustomization.yaml"
    text = (repository.folder / name).read_text()
    second = repository.write({name: text.replace("ENVIRONMENT=dev", "ENVIRONMENT=broken")})
    rollout.source = repository.clone(rollout.folder / "second")
    before = rollout.before()
    assert before.result("IMAGES") == images("a")
    assert before.result("REVISION") == first
    rollout.cluster.broken.add(image("scoring", "b"))
    failing = rollout.roll_out("b", second)
    failing.passes("set-digests", "apply", "migrate")
    assert rollout.cluster.images()["scoring"] == image("scoring", "a")
    failing.fails("roll-services")
    assert rollout.cluster.images()["scoring"] == image("scoring", "b")
    # What `finally` gives to the same task.
    back = rollout.task(
        "roll-out",
        images=before.result("IMAGES"),
        revision=before.result("REVISION"),
        migrate="false",
        load_test="false",
    )
    back.passes(*STEPS)
    assert rollout.cluster.images() == by_component("a")
    applied = (back.folder / "hand-over" / "objects.yaml").read_text()
    assert "CRISPML_ENVIRONMENT: dev" in applied
    assert "kind: Job\n" not in applied
    assert load_image(rollout) == image("loadtest", "a")
    assert rollout.before().result("IMAGES") == images("a")


def test_before_the_first_rollout_there_is_nothing_to_go_back_to(rollout: Rollout) -> None:
    assert rollout.before().result("IMAGES") == ""


def test_a_promotion_may_look_at_all_that_runs_in_qa(cluster: Cluster, tmp_path: Path) -> None:
    cluster.account = "promoter"
    params = {"environment": "qa", "revision": "f" * 40}
    run = TaskRun("read-images", tmp_path / "run", params, {}, cluster.env, cluster.mounts)
    run.passes("read")
    assert (run.result("IMAGES"), run.result("REVISION")) == ("", "f" * 40)


def test_without_a_note_that_counts_which_runs_by_digest(rollout: Rollout, first: str) -> None:
    rollout.roll_out("a", first).passes(*STEPS)
    before = rollout.before()
    assert set(before.result("IMAGES").split(" ")) == set(images("a").split(" "))
    assert before.result("REVISION") == "f" * 40


def test_the_builder_gets_nowhere_with_the_same_steps(rollout: Rollout, first: str) -> None:
    rollout.cluster.account = "builder"
    run = rollout.roll_out("a", first)
    run.passes("set-digests")
    assert "orbidden" in run.fails("apply")
    assert rollout.cluster.server.objects == {}


@pytest.mark.parametrize(("status", "ends"), [("True", True), ("False", False)])
def test_a_promotion_starts_a_rollout_in_prod_and_waits_for_it(
    cluster: Cluster, tmp_path: Path, status: str, ends: bool
) -> None:
    cluster.account = "promoter"
    kept = cluster.server._becomes

    def becomes(found: dict[str, object]) -> None:
        kept(found)
        if found["kind"] == "PipelineRun":
            found["status"] = {"conditions": [{"type": "Succeeded", "status": status}]}

    cluster.server._becomes = becomes
    params = {
        "environment": "prod",
        "images": images("a"),
        "revision": "c" * 40,
        "repository-url": "https://gitlab.example.com/crispml/crispml.git",
        "gitlab-url": "https://gitlab.example.com",
        "project-id": "15",
        "reason": "merge request 7, approved by bob",
        "namespace": "crispml-rollout",
    }
    run = TaskRun("start-rollout", tmp_path / "run", params, {}, cluster.env, cluster.mounts)
    done = run.step("start")
    assert (done.returncode == 0) is ends, done.stdout + done.stderr
    started = cluster.server.get("pipelineruns", "crispml-rollout", run.result("RUN"))
    assert started is not None
    # As an event would start it.
    (template,) = TEMPLATES["rollout-run"].spec["resourcetemplates"]
    for part in ("taskRunTemplate", "timeouts", "workspaces"):
        assert started["spec"][part] == template["spec"][part]
    given = {one["name"]: one["value"] for one in started["spec"]["params"]}
    assert (
        given.items()
        >= {
            "environment": "prod",
            "promote-version": "false",
            "load-test": "false",
            "images": images("a"),
            "revision": "c" * 40,
        }.items()
    )
    assert started["metadata"]["annotations"]["crispml.com/reason"] == params["reason"]
