"""The steps that speak with GitLab and the listener, against a stand-in that keeps the calls."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tekton.containers import TaskRun, open_to_all
from tests.tekton.files import ROOT
from tests.tekton.gitlab import GitLab
from tests.tekton.test_events import TOKENS, event, started

pytestmark = pytest.mark.container
TOKEN = "glpat-of-a-test"
COMMIT = "c" * 40
MERGE_REQUEST = "/api/v4/projects/15/merge_requests/7"


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        yield server


def run(name: str, tmp_path: Path, params: dict[str, str], *secrets: str) -> TaskRun:
    workspaces = {}
    for secret in secrets:
        folder = tmp_path / secret
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(f"{TOKEN}\n")
        workspaces[secret] = open_to_all(folder)
    return TaskRun(name, tmp_path / name, params, workspaces)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("running", "running"),
        ("Succeeded", "success"),
        ("Completed", "success"),
        ("Failed", "failed"),
        ("None", "canceled"),
    ],
)
def test_a_status_is_put_at_the_commit(
    gitlab: GitLab, tmp_path: Path, state: str, told: str
) -> None:
    report(gitlab, tmp_path, state).passes("report")
    (call,) = gitlab.calls
    assert (call.method, call.path) == ("POST", f"/api/v4/projects/15/statuses/{COMMIT}")
    assert call.headers["Private-Token"] == TOKEN
    assert call.body == {"state": told, "name": "crispml/build"}


def report(gitlab: GitLab, tmp_path: Path, state: str) -> TaskRun:
    params = {
        "gitlab-url": gitlab.url,
        "project-id": "15",
        "revision": COMMIT,
        "context": "crispml/build",
        "state": state,
    }
    return run("report-status", tmp_path, params, "gitlab")


def test_a_status_that_is_there_already_is_no_failure(gitlab: GitLab, tmp_path: Path) -> None:
    path = f"/api/v4/projects/15/statuses/{COMMIT}"
    message = {"message": "Cannot transition status via :run from :running"}
    gitlab.answers["POST", path] = (400, message)
    report(gitlab, tmp_path, "running").passes("report")


def test_a_token_that_is_refused_is_one(gitlab: GitLab, tmp_path: Path) -> None:
    path = f"/api/v4/projects/15/statuses/{COMMIT}"
    gitlab.answers["POST", path] = (401, {"message": "401 Unauthorized"})
    assert "GitLab answers 401" in report(gitlab, tmp_path, "running").fails("report")


def approval(gitlab: GitLab, tmp_path: Path, *names: str, **changed: Any) -> TaskRun:
    asked = {
        "author": {"username": "ann"},
        "sha": COMMIT,
        "state": "opened",
        "target_branch": "prod",
    }
    gitlab.answers["GET", MERGE_REQUEST] = (200, asked | changed)
    approved = [{"user": {"username": name}} for name in names]
    gitlab.answers["GET", f"{MERGE_REQUEST}/approvals"] = (200, {"approved_by": approved})
    params = {
        "gitlab-url": gitlab.url,
        "project-id": "15",
        "merge-request": "7",
        "target-branch": "prod",
        "revision": COMMIT,
    }
    return run("require-approval", tmp_path, params, "gitlab")


def test_somebody_else_than_the_author_lets_a_commit_go_to_prod(
    gitlab: GitLab, tmp_path: Path
) -> None:
    task = approval(gitlab, tmp_path, "bob", "ann")
    task.passes("ask")
    assert task.result("APPROVED_BY") == "bob"
    assert {call.headers["Private-Token"] for call in gitlab.calls} == {TOKEN}


@pytest.mark.parametrize(
    ("names", "changed", "why"),
    [
        ((), {}, "nobody but the author"),
        (("ann",), {}, "nobody but the author"),
        (("bob",), {"sha": "d" * 40}, "was approved"),
        (("bob",), {"target_branch": "main"}, "goes to main"),
        (("bob",), {"state": "closed"}, "is closed"),
    ],
)
def test_nothing_else_does(
    gitlab: GitLab, tmp_path: Path, names: tuple[str, ...], changed: dict[str, str], why: str
) -> None:
    assert why in approval(gitlab, tmp_path, *names, **changed).fails("ask")


def publish(gitlab: GitLab, tmp_path: Path, changelog: str, tag: str = "v0.2.0") -> TaskRun:
    source = tmp_path / "source"
    (source / "scripts").mkdir(parents=True)
    script = (ROOT / "scripts" / "release_notes.py").read_text()
    (source / "scripts" / "release_notes.py").write_text(script)
    (source / "CHANGELOG.md").write_text(changelog)
    open_to_all(source)
    params = {"gitlab-url": gitlab.url, "project-id": "15", "tag": tag}
    task = run("publish-release", tmp_path, params, "gitlab")
    task.workspaces = {**task.workspaces, "source": source}
    return task


CHANGELOG = "# Changelog\n\n## 0.2.0, 2026-03-01\n\n- More.\n\n## 0.1.0, 2026-01-01\n\n- All.\n"


def test_a_tag_becomes_a_release_with_the_notes_of_its_version(
    gitlab: GitLab, tmp_path: Path
) -> None:
    publish(gitlab, tmp_path, CHANGELOG).passes("publish")
    (call,) = gitlab.calls
    assert (call.method, call.path) == ("POST", "/api/v4/projects/15/releases")
    assert call.body == {"tag_name": "v0.2.0", "name": "v0.2.0", "description": "- More.\n"}
    assert call.headers["Private-Token"] == TOKEN


def test_a_release_that_is_there_gets_the_notes(gitlab: GitLab, tmp_path: Path) -> None:
    gitlab.answers["POST", "/api/v4/projects/15/releases"] = (409, {"message": "exists"})
    publish(gitlab, tmp_path, CHANGELOG).passes("publish")
    assert [call.method for call in gitlab.calls] == ["POST", "PUT"]
    assert gitlab.calls[1].path == "/api/v4/projects/15/releases/v0.2.0"


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        (CHANGELOG.replace("0.2.0", "0.3.0"), "no version 0.2.0"),
        (CHANGELOG.replace("2026-03-01", "unreleased"), "is not released"),
    ],
)
def test_what_is_not_released_becomes_none(
    gitlab: GitLab, tmp_path: Path, changelog: str, why: str
) -> None:
    assert why in publish(gitlab, tmp_path, changelog).fails("publish")
    assert gitlab.calls == []


def test_what_the_builder_asks_for_is_what_the_listener_lets_through(
    gitlab: GitLab, tmp_path: Path
) -> None:
    said = event("images-built")
    params = {name.replace("_", "-"): value for name, value in said.items()}
    task = run(
        "request-rollout", tmp_path, {"listener-url": gitlab.url, **params}, "rollout-request"
    )
    (tmp_path / "rollout-request" / "token").write_text(f"{TOKENS['rollout-request']}\n")
    task.passes("request")
    (call,) = gitlab.calls
    assert call.body == said
    assert started(call.body, call.headers) == {"images-built"}
    assert started(call.body, {}) == set()


@pytest.mark.parametrize(
    ("file", "starts"),
    [(None, "push-to-main"), ("tag", "release-tag"), ("merge-request", "merge-request")],
)
def test_a_replayed_event_starts_what_gitlab_would(
    gitlab: GitLab, file: str | None, starts: str
) -> None:
    command = [str(ROOT / "tekton" / "replay-push.sh"), gitlab.url]
    if file:
        command.append(str(ROOT / "tests" / "tekton" / "events" / f"{file}.json"))
    subprocess.run(
        command,
        check=True,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "GITLAB_WEBHOOK_TOKEN": TOKENS["gitlab-webhook"],
            "REPOSITORY_URL": "https://gitlab.example.com/crispml/crispml.git",
            "NO_PROXY": "*",
        },
    )
    (call,) = gitlab.calls
    body = call.body
    if file is None:
        # Whatever HEAD has changed here; the rest is as it was sent.
        body = json.loads(json.dumps(body))
        body["commits"][0]["modified"] = ["crispml_core/__init__.py"]
    # HTTP does not care about capitals in names of headers.
    sent = {"X-Gitlab-Event": call.headers["X-Gitlab-Event"]}
    assert started(body, sent | {"X-Gitlab-Token": call.headers["X-Gitlab-Token"]}) == {starts}
