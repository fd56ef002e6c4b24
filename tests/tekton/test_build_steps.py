"""The steps of a build: a clone, an image only where something changed, its bill beside it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crispml_core.cli.ports import HOST, PortClaims
from tests.prometheus.conftest import HTTP, until
from tests.tekton.conftest import Repository
from tests.tekton.containers import TaskRun, engine, open_to_all, steps_image

pytestmark = pytest.mark.container
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of Debian, and its address."""
    folder, ports = tmp_path_factory.mktemp("registry"), PortClaims()
    address = f"{HOST}:{ports.claim(0)}"
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{inmemory: {{}}}}\nhttp: {{addr: '{address}', secret: test}}\n"
    )
    command = [engine(), "run", "--rm", "--detach", "--network=host"]
    command += [f"--volume={config}:/config.yml:ro", steps_image()]
    command += ["docker-registry", "serve", "/config.yml"]
    started = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        until(lambda: _answers(address), "the registry answers", 30)
        yield address
    finally:
        subprocess.run([engine(), "rm", "--force", started], check=True, capture_output=True)
        ports.release()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/", **HTTP).status_code == 200
    except httpx.TransportError:
        return False


def manifest(registry: str, name: str, reference: str) -> httpx.Response:
    headers = {"Accept": MANIFEST}
    url = f"http://{registry}/v2/{name}/manifests/{reference}"
    return httpx.get(url, headers=headers, **HTTP)


class Builder:
    """The task `build-image` on one registry."""

    def __init__(self, registry: str, repository: Repository, folder: Path) -> None:
        self.registry, self.repository, self.folder = registry, repository, folder
        self.credentials = folder / "credentials"
        self.credentials.mkdir()
        (self.credentials / "config.json").write_text('{"auths": {}}')
        self._count = 0

    def task(self, component: str, **params: str) -> TaskRun:
        self._count += 1
        folder = self.folder / f"build-{self._count}"
        record = folder / "record"
        record.mkdir(parents=True)
        record.chmod(0o777)
        given = {
            "component": component,
            "registry": f"{self.registry}/{self.folder.name}",
            "revision": self.repository.git("rev-parse", "HEAD"),
            "plain-http": "true",
        }
        source = self.repository.clone(self.folder / f"source-{self._count}")
        return TaskRun(
            "build-image",
            folder,
            given | params,
            {"source": source, "registry-credentials": self.credentials},
            {"RECORD": "/record"},
            {record: "/record"},
        )

    def build(self, component: str, **params: str) -> TaskRun:
        run = self.task(component, **params)
        run.passes("name-inputs", "look", "build")
        return run


def asked(run: TaskRun) -> list[str]:
    """Return what BuildKit was asked for; nothing if it was not asked."""
    file = run.folder / "record" / "asked"
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def builder(registry: str, repository: Repository, tmp_path: Path) -> Builder:
    # The repository of images is named after the folder of the test, in letters it may have.
    folder = tmp_path / f"t{abs(hash(tmp_path)) % 10**8}"
    folder.mkdir()
    return Builder(registry, repository, folder)


def test_an_image_is_built_and_pushed_and_told_by_its_digest(builder: Builder) -> None:
    run = builder.build("scoring")
    assert run.result("BUILT") == "true"
    url, digest = run.result("IMAGE_URL"), run.result("IMAGE_DIGEST")
    found = manifest(builder.registry, url.split("/", 1)[1], digest)
    assert found.headers["Docker-Content-Digest"] == digest
    assert "filename=services/scoring/Dockerfile" in asked(run)
    revision = builder.repository.git("rev-parse", "HEAD")
    assert f"label:org.opencontainers.image.revision={revision}" in asked(run)
    assert "build-arg:VERSION=0.7.0" in asked(run)
    assert "target=service" in asked(run)


def test_the_image_with_the_driver_of_db2_has_a_name_of_its_own(builder: Builder) -> None:
    run = builder.build("scoring", variant="-db2")
    assert "target=db2" in asked(run)
    assert run.result("IMAGE_URL").endswith("/crispml-scoring-db2")
    assert run.result("BUILT") == "true"
    assert builder.build("scoring").result("BUILT") == "true"


def test_the_image_of_load_tests_is_built_where_its_dockerfile_is(builder: Builder) -> None:
    run = builder.build("loadtest", folder="loadtest")
    assert "filename=loadtest/Dockerfile" in asked(run)
    assert run.result("IMAGE_URL").endswith("/crispml-loadtest")
    builder.repository.write({"services/scoring/app.py": "x = 1\n"})
    assert builder.build("loadtest", folder="loadtest").result("BUILT") == "false"
    builder.repository.write({"loadtest/app.py": "x = 1\n"})
    assert builder.build("loadtest", folder="loadtest").result("BUILT") == "true"


def test_a_commit_that_changes_nothing_of_an_image_builds_none(builder: Builder) -> None:
    first = builder.build("scoring")
    builder.repository.write({"docs/page.md": "# Another\n", "services/training/app.py": "x = 1\n"})
    second = builder.build("scoring")
    assert asked(second) == []
    assert second.result("BUILT") == "false"
    assert second.result("IMAGE_DIGEST") == first.result("IMAGE_DIGEST")
    assert second.result("IMAGE_URL") == first.result("IMAGE_URL")


@pytest.mark.parametrize(
    "name",
    [
        "crispml_core/__init__.py",
        "services/scoring/app.py",
        "services/scoring/Dockerfile",
        "README.md",
        ".dockerignore",
    ],
)
def test_a_commit_that_changes_what_an_image_is_made_of_builds_it(
    builder: Builder, name: str
) -> None:
    builder.build("scoring")
    text = (builder.repository.folder / name).read_text()
    builder.repository.write({name: f"{text}# changed\n"})
    assert builder.build("scoring").result("BUILT") == "true"


def test_rebuild_builds_what_is_there(builder: Builder) -> None:
    builder.build("scoring")
    assert builder.build("scoring", rebuild="true").result("BUILT") == "true"


def test_what_is_only_proposed_is_built_and_not_pushed(builder: Builder) -> None:
    run = builder.build("scoring", push="false")
    assert asked(run)
    assert run.result("BUILT") == "false"
    name = run.result("IMAGE_URL").split("/", 1)[1]
    assert manifest(builder.registry, name, run.result("IMAGE_DIGEST")).status_code == 404


def test_what_tests_have_left_behind_is_not_in_the_image(builder: Builder) -> None:
    run = builder.task("scoring")
    (run.workspaces["source"] / "services" / "scoring" / "app.py").write_text("steal()\n")
    (run.workspaces["source"] / "crispml_core" / "more.py").write_text("")
    run.passes("name-inputs", "look", "build")
    context = run.folder / "hand-over" / "context"
    assert (context / "services" / "scoring" / "app.py").read_text() == ""
    assert not (context / "crispml_core" / "more.py").exists()


def test_a_dockerfile_that_copies_what_is_not_there_is_refused(builder: Builder) -> None:
    name = "services/scoring/Dockerfile"
    builder.repository.write({name: "FROM python\nCOPY missing.txt ./\n"})
    assert "copies missing.txt" in builder.task("scoring").fails("name-inputs")


def test_a_registry_that_is_away_does_not_pass_for_an_empty_one(builder: Builder) -> None:
    run = builder.task("scoring", registry=f"{HOST}:9/nobody")
    run.passes("name-inputs")
    assert "refused" in run.fails("look")


def test_the_bill_of_materials_lies_beside_its_image(builder: Builder, tmp_path: Path) -> None:
    built = builder.build("scoring")
    bill = tmp_path / "sbom.cdx.json"
    bill.write_text('{"bomFormat": "CycloneDX"}')
    bill.chmod(0o644)
    params = {
        "image-url": built.result("IMAGE_URL"),
        "image-digest": built.result("IMAGE_DIGEST"),
        "plain-http": "true",
    }
    run = TaskRun(
        "attach-sbom",
        tmp_path / "attach",
        params,
        {"registry-credentials": builder.credentials},
        mounts={bill: "/opt/crispml/sbom.cdx.json:ro"},
    )
    run.passes("read-subject", "wrap", "push")
    url = run.result("SBOM_URL")
    _, name, tag = url.replace(f"{builder.registry}/", ":", 1).split(":")
    found: dict[str, Any] = manifest(builder.registry, name, tag).json()
    assert found["artifactType"] == "application/vnd.cyclonedx+json"
    assert found["subject"]["digest"] == built.result("IMAGE_DIGEST")
    blob = f"http://{builder.registry}/v2/{name}/blobs/{found['layers'][0]['digest']}"
    assert json.loads(httpx.get(blob, **HTTP).content) == {"bomFormat": "CycloneDX"}


@pytest.mark.parametrize("kind", ["commit", "branch", "tag", "default", "commit of a lost branch"])
def test_a_revision_is_cloned_whatever_names_it(
    repository: Repository, tmp_path: Path, kind: str
) -> None:
    commit = repository.write({"new.txt": "here\n"})
    revision = {"commit": commit, "branch": "feature/x", "tag": "v1.0.0", "default": "main"}.get(
        kind, commit
    )
    repository.git("tag", "v1.0.0")
    repository.git("branch", "feature/x")
    if kind == "commit of a lost branch":
        repository.git("update-ref", "refs/keep/1", commit)
        repository.git("reset", "--quiet", "--hard", "HEAD~1")
        repository.git("branch", "--quiet", "-D", "feature/x")
        repository.git("tag", "--delete", "v1.0.0")
        repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    target = tmp_path / "source"
    target.mkdir()
    (target / "left-over").write_text("of a run before")
    open_to_all(target)
    run = TaskRun(
        "clone-repository",
        tmp_path / "clone",
        {"url": "file:///repository", "revision": revision},
        {"source": target},
        mounts={repository.folder: "/repository:ro"},
    )
    run.passes("clone")
    assert run.result("COMMIT") == commit
    assert (target / "new.txt").read_text() == "here\n"
    assert not (target / "left-over").exists()


def test_the_token_for_a_clone_is_in_no_command(repository: Repository, tmp_path: Path) -> None:
    target, gitlab = tmp_path / "source", tmp_path / "gitlab"
    target.mkdir()
    gitlab.mkdir()
    (gitlab / "token").write_text("glpat-secret")
    open_to_all(target)
    run = TaskRun(
        "clone-repository",
        tmp_path / "clone",
        {"url": "file:///repository", "revision": "main"},
        {"source": target, "gitlab": gitlab},
        env={"GIT_TRACE": "2"},
        mounts={repository.folder: "/repository:ro"},
    )
    done = run.step("clone")
    assert done.returncode == 0, done.stderr
    assert "glpat-secret" not in done.stdout + done.stderr
    assert (
        "Authorization: Basic b2F1dGgyOmdscGF0LXNlY3JldA=="
        in (run.folder / "home" / ".gitconfig").read_text()
    )
    assert "oauth2" not in (target / ".git" / "config").read_text()


@pytest.mark.parametrize("step", ["check", "test"])
@pytest.mark.parametrize("passes", [True, False])
def test_a_change_is_checked_by_the_verbs_of_a_laptop(
    repository: Repository, tmp_path: Path, step: str, passes: bool
) -> None:
    ends = "true" if passes else "false"
    repository.write({"Makefile": f"{step}:\n\t@echo the verb {step}; {ends}\n"})
    source = repository.clone(tmp_path / "source")
    run = TaskRun("check-source", tmp_path / "check", {}, {"source": source})
    done = run.step(step)
    assert (done.returncode == 0) is passes
    assert f"the verb {step}" in done.stdout
