"""The builder cannot deploy, and the deployer cannot push."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import celpy
import pytest

from tests.tekton.files import RESOURCES, of_kind, runs

ENVIRONMENTS = {"crispml-dev", "crispml-qa", "crispml-prod"}


def rules(account: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each rule that is bound to an account, with the namespace where it holds."""
    for binding in RESOURCES:
        if binding.kind not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        subjects = [one["name"] for one in binding.content["subjects"]]
        if account not in subjects:
            continue
        reference = binding.content["roleRef"]
        # Only roles of our own: what others ship may allow more with their next release.
        (role,) = [
            one
            for one in RESOURCES
            if one.kind == reference["kind"]
            and one.name == reference["name"]
            and one.namespace in ("", binding.namespace)
        ]
        yield from ((binding.namespace or "*", rule) for rule in role.content["rules"])


def may(account: str, verb: str, resource: str, namespace: str) -> bool:
    return any(
        where in ("*", namespace)
        and {resource, "*"} & set(rule["resources"])
        and {verb, "*"} & set(rule["verbs"])
        for where, rule in rules(account)
    )


def secrets(run: dict[str, Any]) -> set[str]:
    return {one["secret"]["secretName"] for one in run["spec"]["workspaces"] if "secret" in one}


def started_as(account: str) -> list[dict[str, Any]]:
    return [
        run for _, run in runs() if run["spec"]["taskRunTemplate"]["serviceAccountName"] == account
    ]


def test_the_builder_has_no_right_at_all() -> None:
    assert list(rules("builder")) == []
    assert of_kind("ServiceAccount")["builder"].content["automountServiceAccountToken"] is False


def test_the_deployer_can_deploy_in_the_environments_and_nowhere_else() -> None:
    assert {where for where, _ in rules("deployer")} == ENVIRONMENTS
    for environment, verb in itertools.product(ENVIRONMENTS, ("create", "patch")):
        assert may("deployer", verb, "deployments", environment)
        assert may("deployer", verb, "jobs", environment)


def test_the_deployer_has_no_credential_to_push_with() -> None:
    for run in started_as("deployer"):
        assert "registry-push" not in secrets(run)
        assert run["metadata"]["namespace"] == "crispml-rollout"


def test_only_the_builder_has_it_and_not_for_what_is_only_proposed() -> None:
    holders = [run for _, run in runs() if "registry-push" in secrets(run)]
    assert holders
    for run in holders:
        assert run["spec"]["taskRunTemplate"]["serviceAccountName"] == "builder"
        params = {one["name"]: one["value"] for one in run["spec"]["params"]}
        assert params.get("push") != "false"
    proposed = [run for run in started_as("builder") if run not in holders]
    assert [secrets(run) for run in proposed] == [{"gitlab-api"}]


@pytest.mark.parametrize("account", ["builder", "deployer", "promoter", "listener"])
@pytest.mark.parametrize("namespace", ["crispml-build", "crispml-rollout", *sorted(ENVIRONMENTS)])
def test_nobody_reads_secrets_grants_rights_or_enters_pods(account: str, namespace: str) -> None:
    for resource in (
        "secrets",
        "roles",
        "rolebindings",
        "clusterrolebindings",
        "pods/exec",
        "pods/attach",
        "serviceaccounts/token",
        "namespaces",
    ):
        for verb in ("get", "list", "watch", "create", "patch", "update", "bind", "escalate"):
            assert not may(account, verb, resource, namespace), f"{verb} {resource}"
    assert not may(account, "impersonate", "serviceaccounts", namespace)


def test_only_listener_and_promoter_start_pipelines() -> None:
    who = {
        (account, namespace)
        for account in of_kind("ServiceAccount")
        for namespace in ("crispml-build", "crispml-rollout", *ENVIRONMENTS)
        if may(account, "create", "pipelineruns", namespace)
    }
    assert who == {
        ("listener", "crispml-build"),
        ("listener", "crispml-rollout"),
        ("promoter", "crispml-rollout"),
    }


def test_namespaces_have_the_least_level_that_works() -> None:
    levels = {
        name: found.content["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for name, found in of_kind("Namespace").items()
    }
    assert levels == {"crispml-build": "privileged", "crispml-rollout": "restricted"}
    (binding,) = of_kind("ValidatingAdmissionPolicyBinding").values()
    assert binding.spec["validationActions"] == ["Deny"]
    selected = binding.spec["matchResources"]["namespaceSelector"]["matchLabels"]
    assert selected == {"kubernetes.io/metadata.name": "crispml-build"}


GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True},
    "containers": [
        {
            "name": "step-build",
            "securityContext": {
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": True,
                "seccompProfile": {"type": "Unconfined"},
                "capabilities": {"drop": ["ALL"], "add": ["SETUID", "SETGID"]},
            },
        }
    ],
    "volumes": [{"name": "hand-over", "emptyDir": {}}],
}


def admitted(pod: dict[str, Any]) -> bool:
    """Evaluate the admission policy as the API server would."""
    (policy,) = of_kind("ValidatingAdmissionPolicy").values()
    environment = celpy.Environment()

    def evaluate(expression: str, given: dict[str, Any]) -> Any:
        return environment.program(environment.compile(expression)).evaluate(given)

    given: dict[str, Any] = {"object": celpy.json_to_cel({"spec": pod})}
    found = celpy.celtypes.MapType()
    for variable in policy.spec["variables"]:
        found[celpy.celtypes.StringType(variable["name"])] = evaluate(variable["expression"], given)
    given["variables"] = found
    return all(evaluate(one["expression"], given) for one in policy.spec["validations"])


def test_a_pod_that_builds_is_admitted() -> None:
    assert admitted(GOOD)
    assert admitted({**GOOD, "initContainers": [{"name": "prepare"}]})


def container(**context: Any) -> dict[str, Any]:
    return {**GOOD, "containers": [{"name": "step", "securityContext": context}]}


@pytest.mark.parametrize(
    "pod",
    [
        {**GOOD, "hostNetwork": True},
        {**GOOD, "hostPID": True},
        {**GOOD, "hostIPC": True},
        {**GOOD, "volumes": [{"name": "node", "hostPath": {"path": "/"}}]},
        container(privileged=True),
        container(runAsNonRoot=True, capabilities={"add": ["SYS_ADMIN"]}),
        container(runAsNonRoot=True, capabilities={"add": ["SETUID", "SYS_ADMIN"]}),
        container(procMount="Unmasked"),
        container(runAsNonRoot=False),
        {"containers": [{"name": "step"}]},
        {**GOOD, "initContainers": [{"name": "i", "securityContext": {"privileged": True}}]},
        {**GOOD, "containers": [{"name": "step", "ports": [{"hostPort": 80}]}]},
    ],
)
def test_a_pod_that_wants_more_than_building_is_refused(pod: dict[str, Any]) -> None:
    assert not admitted(pod)
