"""Which event starts which pipeline, as whom, and with what: the filters are evaluated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import celpy
import pytest

from tests.tekton.files import TEMPLATES, TRIGGERS, of_kind

EVENTS = Path(__file__).parent / "events"
HOOKS = {
    "push": "Push Hook",
    "tag_push": "Tag Push Hook",
    "merge_request": "Merge Request Hook",
}
TOKENS = {"gitlab-webhook": "of-gitlab", "rollout-request": "of-builder"}
STARTS: dict[str, set[str]] = {
    "push": {"push-to-main"},
    "push-of-docs": set(),
    "push-of-many": {"push-to-main"},
    "push-of-a-manifest": {"push-to-main"},
    "push-to-branch": set(),
    "push-that-deletes": set(),
    "tag": {"release-tag"},
    "tag-of-nothing-released": set(),
    "tag-that-goes": set(),
    "merge-request": {"merge-request"},
    "merge-request-with-new-commits": {"merge-request"},
    "merge-request-with-new-title": set(),
    "merge-request-of-a-fork": set(),
    "merge-request-merged": set(),
    "change-approved": set(),
    "promotion-approved": {"promotion-approved"},
    "images-built": {"images-built"},
    "images-built-for-prod": set(),
    "images-built-by-tag": set(),
}


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def headers(body: dict[str, Any]) -> dict[str, str]:
    if "object_kind" in body:
        hook = HOOKS[body["object_kind"]]
        return {"X-Gitlab-Event": hook, "X-Gitlab-Token": TOKENS["gitlab-webhook"]}
    return {"X-CrispML-Event": "images-built", "X-CrispML-Token": TOKENS["rollout-request"]}


class Cel:
    """CEL as the interceptor of Tekton has it: its functions, and numbers that are doubles."""

    def __init__(self, body: dict[str, Any], sent: dict[str, str]) -> None:
        told = {name.lower(): value for name, value in sent.items()}
        text, truth = celpy.celtypes.StringType, celpy.celtypes.BoolType

        def canonical(header: Any, name: Any) -> Any:
            return text(told.get(str(name).lower(), ""))

        def match(header: Any, name: Any, value: Any) -> Any:
            return truth(told.get(str(name).lower()) == str(value))

        def compare_secret(value: Any, key: Any, secret: Any) -> Any:
            assert str(key) == "token"
            return truth(TOKENS[str(secret)] == str(value))

        def replace(value: Any, old: Any, new: Any) -> Any:
            return text(str(value).replace(str(old), str(new)))

        self._functions = {
            "canonical": canonical,
            "match": match,
            "compareSecret": compare_secret,
            "replace": replace,
        }
        self._given = {
            "body": celpy.json_to_cel(_doubles(body)),
            "header": celpy.json_to_cel({}),
        }

    def evaluate(self, expression: str) -> Any:
        environment = celpy.Environment()
        program = environment.program(environment.compile(expression), functions=self._functions)
        return program.evaluate(self._given)


def _doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _doubles(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_doubles(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def passes(trigger: str, body: dict[str, Any], sent: dict[str, str]) -> dict[str, Any] | None:
    """Return the extensions of an event that a trigger takes, or None."""
    extensions: dict[str, Any] = {}
    for interceptor in TRIGGERS[trigger].spec["interceptors"]:
        params = {one["name"]: one["value"] for one in interceptor["params"]}
        if interceptor["ref"]["name"] == "gitlab":
            wanted = TOKENS[params["secretRef"]["secretName"]]
            taken = sent.get("X-Gitlab-Token") == wanted
            taken = taken and sent.get("X-Gitlab-Event") in params["eventTypes"]
        else:
            cel = Cel(body, sent)
            try:
                taken = bool(cel.evaluate(params["filter"]))
            except celpy.CELEvalError:
                taken = False  # a field that is missing refuses the event, as in Tekton
            if taken:
                for overlay in params.get("overlays", ()):
                    extensions[overlay["key"]] = str(cel.evaluate(overlay["expression"]))
        if not taken:
            return None
    return extensions


def started(body: dict[str, Any], sent: dict[str, str]) -> set[str]:
    return {name for name in TRIGGERS if passes(name, body, sent) is not None}


def rendered(trigger: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the run that an event starts, with every value in its place."""
    extensions = passes(trigger, body, headers(body))
    template = TEMPLATES[TRIGGERS[trigger].spec["template"]["ref"]]
    values = {one["name"]: one.get("default") for one in template.spec["params"]}
    for binding in TRIGGERS[trigger].spec["bindings"]:
        named = of_kind("TriggerBinding")[binding["ref"]].spec["params"] if "ref" in binding else []
        for one in named or [binding]:
            values[one["name"]] = re.sub(
                r"\$\((body|extensions)\.([\w.-]+)\)",
                lambda found: _dig({"body": body, "extensions": extensions}, *found.groups()),
                one["value"],
            )
    (resource,) = template.spec["resourcetemplates"]
    text = json.dumps(resource)
    for name, value in values.items():
        if value is not None:
            text = text.replace(f"$(tt.params.{name})", value)
    assert "$(tt." not in text
    run: dict[str, Any] = json.loads(text)
    return run


def _dig(found: Any, root: str, path: str) -> str:
    found = found[root]
    for part in path.split("."):
        found = found[part]
    return str(found)


def test_every_event_has_its_expectation() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(STARTS)


@pytest.mark.parametrize("name", STARTS)
def test_an_event_starts_what_it_should(name: str) -> None:
    body = event(name)
    assert started(body, headers(body)) == STARTS[name]


@pytest.mark.parametrize("name", [name for name, found in STARTS.items() if found])
@pytest.mark.parametrize("token", ["", "wrong", "the-other"])
def test_without_the_right_token_nothing_starts(name: str, token: str) -> None:
    body = event(name)
    sent = headers(body)
    key = next(key for key in sent if key.endswith("Token"))
    if token == "the-other":
        token = next(other for other in TOKENS.values() if other != sent[key])
    assert started(body, {**sent, key: token}) == set()


@pytest.mark.parametrize("name", [name for name, found in STARTS.items() if found])
def test_an_event_of_another_kind_starts_nothing_of_this_one(name: str) -> None:
    body = event(name)
    sent = headers(body)
    key = next(key for key in sent if key.endswith("Event"))
    assert started(body, {**sent, key: "Wiki Page Hook"}) == set()


def test_a_push_is_built_as_the_builder_and_goes_to_dev() -> None:
    body = event("push")
    run = rendered("push-to-main", body)
    params = {one["name"]: one["value"] for one in run["spec"]["params"]}
    assert run["metadata"]["namespace"] == "crispml-build"
    assert params["revision"] == body["checkout_sha"]
    assert params["repository-url"] == body["project"]["git_http_url"]
    assert (params["environment"], params["tag"], params["project-id"]) == ("dev", "", "15")


def test_a_tag_becomes_a_release_and_goes_to_qa() -> None:
    params = {
        one["name"]: one["value"] for one in rendered("release-tag", event("tag"))["spec"]["params"]
    }
    assert (params["environment"], params["tag"]) == ("qa", "v0.2.0")


def test_a_merge_request_pushes_nothing_and_rolls_nothing_out() -> None:
    params = {
        one["name"]: one["value"]
        for one in rendered("merge-request", event("merge-request"))["spec"]["params"]
    }
    assert params["push"] == "false"
    assert "environment" not in params


def test_what_the_builder_asks_for_is_rolled_out_as_the_deployer() -> None:
    body = event("images-built")
    run = rendered("images-built", {**body, "serviceAccountName": "promoter"})
    assert run["spec"]["taskRunTemplate"]["serviceAccountName"] == "deployer"
    params = {one["name"]: one["value"] for one in run["spec"]["params"]}
    assert params["images"] == body["images"]
    assert run["metadata"]["generateName"] == "rollout-dev-"


def test_an_approval_starts_the_promotion_of_its_merge_request() -> None:
    run = rendered("promotion-approved", event("promotion-approved"))
    params = {one["name"]: one["value"] for one in run["spec"]["params"]}
    assert params["merge-request"] == "7"
    assert run["spec"]["taskRunTemplate"]["serviceAccountName"] == "promoter"
