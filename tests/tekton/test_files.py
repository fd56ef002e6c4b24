"""Every file of tekton/ is what Tekton takes, and all that it refers to is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.servers import missing
from tests.tekton.files import (
    PIPELINES,
    RESOURCES,
    ROOT,
    STEPS,
    TASKS,
    TEKTON,
    TEMPLATES,
    TRIGGERS,
    Resource,
    of_kind,
    runs,
    step_of,
)

SCHEMAS = "CRISPML_TEST_CRD_SCHEMAS"
FOLDERS = {
    "tasks": {"Task"},
    "pipelines": {"Pipeline"},
    "triggers": {"EventListener", "Trigger", "TriggerBinding", "TriggerTemplate"},
    "namespaces": {"Namespace"},
    "network": {"NetworkPolicy"},
    "rbac": {
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    },
    "runs": {"PipelineRun"},
}


def schema(kind: str, version: str) -> dict[str, Any]:
    """Return the published schema of a kind, closed against what it does not name."""
    folder = os.environ.get(SCHEMAS) or missing(f"{SCHEMAS} names no folder of CRD schemas")
    crd = yaml.safe_load((Path(folder) / "tekton" / f"{kind.lower()}.yaml").read_text())
    (found,) = [one for one in crd["spec"]["versions"] if one["name"] == version]
    return _closed(found["schema"]["openAPIV3Schema"])


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {
        name: {key: _closed(value) for key, value in content.items()}
        if name == "properties"
        else _closed(content)
        for name, content in part.items()
    }
    if part.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    if "properties" in part and not part.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


def valid(content: dict[str, Any]) -> None:
    group, version = content["apiVersion"].split("/")
    assert (group, version) in {("tekton.dev", "v1"), ("triggers.tekton.dev", "v1beta1")}
    wanted = schema(content["kind"], version)
    if "properties" in wanted:
        # The API server checks names and labels, not the schema.
        wanted["properties"]["metadata"] = {"type": "object"}
    jsonschema.Draft7Validator(wanted).validate(content)


@pytest.mark.parametrize("found", RESOURCES, ids=str)
def test_a_file_is_named_like_what_is_in_it_and_lies_where_it_belongs(found: Resource) -> None:
    assert found.name == found.path.stem
    assert found.kind in FOLDERS[found.path.parent.name]
    labels = found.content["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "crispml"


@pytest.mark.parametrize(
    "found", [one for one in RESOURCES if "tekton.dev" in one.content["apiVersion"]], ids=str
)
def test_the_published_schema_accepts_a_resource(found: Resource) -> None:
    valid(found.content)


@pytest.mark.parametrize(("where", "run"), list(runs()), ids=lambda value: str(value)[:40])
def test_the_published_schema_accepts_a_run_that_is_started(where: str, run: Any) -> None:
    valid(run)


def test_a_schema_refuses_what_it_does_not_know() -> None:
    wrong = {**TASKS["check-source"].content}
    wrong["spec"] = {**wrong["spec"], "step": []}
    with pytest.raises(jsonschema.ValidationError):
        valid(wrong)


@pytest.mark.parametrize(
    "found", [one for one in RESOURCES if "tekton.dev" not in one.content["apiVersion"]], ids=str
)
def test_kubernetes_accepts_its_own_resources(found: Resource) -> None:
    kubernetes_validate.validate(found.content, "1.36", strict=True)


def test_tekton_lint_finds_nothing() -> None:
    npx = shutil.which("npx") or missing("npx is not installed")
    done = subprocess.run(
        [npx, "--yes", "@ibm/tekton-lint@1.1.0", "--quiet", *_globs()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _globs() -> list[str]:
    return [f"tekton/{folder}/*.yaml" for folder in ("tasks", "pipelines", "triggers", "runs")]


@pytest.mark.parametrize("found", [*TASKS.values(), *PIPELINES.values()], ids=str)
def test_everything_that_is_asked_for_is_described(found: Resource) -> None:
    assert found.spec["description"]
    for part in ("params", "workspaces", "results"):
        for entry in found.spec.get(part, ()):
            assert entry.get("description"), f"{part} {entry['name']}"


@pytest.mark.parametrize("found", TEMPLATES.values(), ids=str)
def test_everything_that_a_template_asks_for_is_described(found: Resource) -> None:
    assert all(entry["description"] for entry in found.spec["params"])


@pytest.mark.parametrize("name", STEPS)
def test_a_script_gets_its_values_from_the_environment_only(name: str) -> None:
    task, step = STEPS[name]
    script = step["script"]
    assert re.match(r"#!(/bin/sh|/usr/bin/env python3)\n", script)
    assert not re.search(r"\$\((params|results|workspaces|tasks|context|inputs)\b", script)
    told = {entry["name"] for entry in step_of(task.name, step["name"])["env"]}
    asked = set(re.findall(r"\b((?:PARAM|RESULT)_[A-Z_]+)\b", script)) - {"PARAM_"}
    assert {one for one in asked if not one.endswith("_")} <= told


@pytest.mark.parametrize("task", TASKS.values(), ids=str)
def test_a_task_uses_what_it_declares_and_nothing_else(task: Resource) -> None:
    text = task.path.read_text()
    for part, pattern in (
        ("params", r"\$\(params\.([\w-]+)\)"),
        ("results", r"\$\(results\.([\w-]+)\.path\)"),
        ("workspaces", r"\$\(workspaces\.([\w-]+)\.\w+\)"),
    ):
        declared = {entry["name"] for entry in task.spec.get(part, ())}
        assert set(re.findall(pattern, text)) == declared, part


@pytest.mark.parametrize("name", STEPS)
def test_shell_is_shell_and_python_is_python(name: str) -> None:
    script = STEPS[name][1]["script"]
    if script.startswith("#!/bin/sh"):
        checker = shutil.which("shellcheck", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")
        command = [checker or missing("shellcheck is not installed"), "-"]
        done = subprocess.run(command, input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert "set -eu" in script
    else:
        compile(script, name, "exec")


@pytest.mark.parametrize("name", STEPS)
def test_a_step_runs_as_nobody_in_particular(name: str) -> None:
    task, step = STEPS[name]
    context = step_of(task.name, step["name"])["securityContext"]
    assert context["runAsNonRoot"] is True
    # Only BuildKit needs more than the level restricted gives.
    if name == "build-image/build":
        assert context["capabilities"] == {"drop": ["ALL"], "add": ["SETUID", "SETGID"]}
    else:
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert set(context) <= {
            "runAsNonRoot",
            "allowPrivilegeEscalation",
            "capabilities",
            "seccompProfile",
        }


@pytest.mark.parametrize("task", TASKS.values(), ids=str)
def test_images_are_pinned(task: Resource) -> None:
    defaults = {entry["name"]: entry.get("default") for entry in task.spec["params"]}
    for step in task.spec["steps"]:
        image = step["image"]
        for name in re.findall(r"\$\(params\.([\w-]+)\)", image):
            if defaults[name]:
                assert re.fullmatch(r"[\w./-]+:v?\d+\.[\w.-]+", defaults[name]), defaults[name]
        assert image.startswith("$(params."), "an image of somebody else's cannot be put in"


def placed(pipeline: Resource) -> list[dict[str, Any]]:
    return [*pipeline.spec["tasks"], *pipeline.spec.get("finally", ())]


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=str)
def test_a_pipeline_gives_each_task_what_it_asks_for(pipeline: Resource) -> None:
    for entry in placed(pipeline):
        task = TASKS[entry["taskRef"]["name"]].spec
        declared = {one["name"]: one for one in task.get("params", ())}
        given = {one["name"] for one in entry.get("params", ())}
        needed = {name for name, one in declared.items() if "default" not in one}
        assert needed <= given <= set(declared), entry["name"]
        spaces = {one["name"]: one for one in task.get("workspaces", ())}
        bound = {one["name"]: one["workspace"] for one in entry.get("workspaces", ())}
        asked = {name for name, one in spaces.items() if not one.get("optional")}
        assert asked <= set(bound) <= set(spaces), entry["name"]
        own = {one["name"] for one in pipeline.spec["workspaces"]}
        assert set(bound.values()) <= own


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=str)
def test_whatever_a_pipeline_refers_to_is_there(pipeline: Resource) -> None:
    text = pipeline.path.read_text()
    declared = {one["name"] for one in pipeline.spec["params"]}
    assert set(re.findall(r"\$\(params\.([\w-]+)\)", text)) == declared
    by_name = {entry["name"]: entry for entry in placed(pipeline)}
    for name, result in re.findall(r"\$\(tasks\.([\w-]+)\.results\.(\w+)\)", text):
        task = TASKS[by_name[name]["taskRef"]["name"]].spec
        assert result in {one["name"] for one in task["results"]}, f"{name} {result}"
    for entry in placed(pipeline):
        assert set(entry.get("runAfter", ())) <= set(by_name)
    bound = {one["workspace"] for entry in placed(pipeline) for one in entry.get("workspaces", ())}
    assert bound == {one["name"] for one in pipeline.spec["workspaces"]}


@pytest.mark.parametrize("name", ["build", "rollout"])
def test_the_end_is_reported_even_if_the_first_task_fails(name: str) -> None:
    """What a task in `finally` asks of a task that failed is missing, and it is left out."""
    reports = [
        entry
        for entry in PIPELINES[name].spec["finally"]
        if entry["taskRef"]["name"] == "report-status"
    ]
    (after_clone, without) = reports
    assert "$(tasks.clone.results.COMMIT)" in str(after_clone["params"])
    assert ".results." not in str(without["params"])
    assert without["when"] == [
        {"input": "$(tasks.clone.status)", "operator": "notin", "values": ["Succeeded"]}
    ]


@pytest.mark.parametrize(("where", "run"), list(runs()), ids=lambda value: str(value)[:40])
def test_a_run_gives_its_pipeline_what_it_asks_for(where: str, run: dict[str, Any]) -> None:
    pipeline = PIPELINES[run["spec"]["pipelineRef"]["name"]].spec
    declared = {one["name"]: one for one in pipeline["params"]}
    given = {one["name"] for one in run["spec"]["params"]}
    needed = {name for name, one in declared.items() if "default" not in one}
    assert needed <= given <= set(declared)
    spaces = {one["name"] for one in run["spec"]["workspaces"]}
    assert spaces == {one["name"] for one in pipeline["workspaces"]}
    account = run["spec"]["taskRunTemplate"]["serviceAccountName"]
    assert of_kind("ServiceAccount")[account].namespace == run["metadata"]["namespace"]


@pytest.mark.parametrize(("where", "run"), list(runs()), ids=lambda value: str(value)[:40])
def test_a_run_that_takes_too_long_leaves_time_for_its_end(where: str, run: dict[str, Any]) -> None:
    timeouts = {part: seconds(text) for part, text in run["spec"]["timeouts"].items()}
    assert set(timeouts) == {"pipeline", "tasks", "finally"}
    assert timeouts["tasks"] + timeouts["finally"] <= timeouts["pipeline"]
    pipeline = PIPELINES[run["spec"]["pipelineRef"]["name"]].spec
    for entry in pipeline["tasks"]:
        assert seconds(entry.get("timeout", "1h")) <= timeouts["tasks"], entry["name"]


def seconds(duration: str) -> int:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([hms])", duration))


def test_every_image_that_is_built_has_its_bill_and_is_rolled_out() -> None:
    build = {entry["name"]: entry for entry in PIPELINES["build"].spec["tasks"]}
    built = [name.removeprefix("build-") for name in build if name.startswith("build-")]
    assert built == ["training", "scoring", "console", "loadtest"]
    params = {one["name"]: one["value"] for one in build["request"]["params"]}
    (result,) = PIPELINES["build"].spec["results"]
    assert params["images"] == result["value"]
    said = [one.split("=", 1) for one in params["images"].split()]
    assert [component for component, _ in said] == built
    for component, image in said:
        task = f"tasks.build-{component}.results"
        assert image == f"$({task}.IMAGE_URL)@$({task}.IMAGE_DIGEST)"
        given = {one["name"]: one["value"] for one in build[f"build-{component}"]["params"]}
        folder = given.get("folder", f"services/{given['component']}")
        assert (given["component"], (ROOT / folder / "Dockerfile").exists()) == (component, True)
        assert f"$({task}.IMAGE_DIGEST)" in str(build[f"sbom-{component}"]["params"])
        for last in ("release", "request"):
            assert f"sbom-{component}" in build[last]["runAfter"]


def test_what_was_not_verified_under_load_is_not_noted_down() -> None:
    """Where it is skipped, that is said by a parameter, and Tekton shows it."""
    tasks = {entry["name"]: entry for entry in PIPELINES["rollout"].spec["tasks"]}
    assert tasks["load-test"]["runAfter"] == ["verify-cycle"]
    assert tasks["promote"]["runAfter"] == ["load-test"]
    assert tasks["promote"]["taskRef"]["name"] == "note-images"
    assert tasks["load-test"]["when"] == [
        {"input": "$(params.load-test)", "operator": "notin", "values": ["false"]}
    ]
    declared = {one["name"]: one for one in PIPELINES["rollout"].spec["params"]}
    assert declared["load-test"]["default"] == "true"
    timeout = {one["name"]: one for one in TASKS["load-test"].spec["params"]}["timeout"]
    assert int(timeout["default"]) < seconds(tasks["load-test"]["timeout"])
    (back,) = [
        entry for entry in PIPELINES["rollout"].spec["finally"] if entry["name"] == "roll-back"
    ]
    assert back["when"][0]["input"] == "$(tasks.status)"
    assert {"name": "load-test", "value": "false"} in back["params"]


def test_a_promotion_waits_for_its_rollout_until_the_end() -> None:
    (run,) = [found for _, found in runs() if found["metadata"]["generateName"] == "rollout-"]
    declared = {one["name"]: one for one in TASKS["start-rollout"].spec["params"]}
    waits = int(declared["timeout"]["default"])
    (entry,) = [one for one in PIPELINES["promote"].spec["tasks"] if one["name"] == "rollout"]
    assert seconds(run["spec"]["timeouts"]["pipeline"]) < waits < seconds(entry["timeout"])


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=str)
def test_a_trigger_gives_its_template_what_it_asks_for(trigger: Resource) -> None:
    given: set[str] = set()
    for binding in trigger.spec["bindings"]:
        if "ref" in binding:
            params = of_kind("TriggerBinding")[binding["ref"]].spec["params"]
            given |= {one["name"] for one in params}
        else:
            given.add(binding["name"])
    template = TEMPLATES[trigger.spec["template"]["ref"]]
    declared = {one["name"]: one for one in template.spec["params"]}
    assert {name for name, one in declared.items() if "default" not in one} <= given
    used = set(re.findall(r"\$\(tt\.params\.([\w-]+)\)", template.path.read_text()))
    assert used == set(declared)


def test_the_listener_takes_every_trigger_and_every_trigger_names_its_filters() -> None:
    (listener,) = of_kind("EventListener").values()
    # With one it would read the triggers of all namespaces, and it may read those of its own.
    assert "namespaceSelector" not in listener.spec
    wanted = listener.spec["labelSelector"]["matchLabels"].items()
    for trigger in TRIGGERS.values():
        assert wanted <= trigger.content["metadata"]["labels"].items()
        assert trigger.namespace == listener.namespace
        for interceptor in trigger.spec["interceptors"]:
            assert len(interceptor["name"].split()) > 3, "a sentence says what is let through"
            known = {"gitlab": {"secretRef", "eventTypes"}, "cel": {"filter", "overlays"}}
            params = {one["name"] for one in interceptor["params"]}
            assert params <= known[interceptor["ref"]["name"]]


def test_every_task_and_template_is_used() -> None:
    used = {entry["taskRef"]["name"] for one in PIPELINES.values() for entry in placed(one)}
    assert used == set(TASKS)
    assert {trigger.spec["template"]["ref"] for trigger in TRIGGERS.values()} == set(TEMPLATES)


def test_the_readme_applies_every_folder_and_what_is_needed_first() -> None:
    commands = re.findall(r"^kubectl apply .+$", (TEKTON / "README.md").read_text(), re.MULTILINE)
    folders = [one for line in commands for one in re.findall(r"-f tekton/([\w-]+)", line)]
    assert folders[:2] == ["namespaces", "rbac"]
    assert set(folders) == set(FOLDERS) - {"runs"}


def test_the_readme_names_every_pipeline_trigger_and_secret() -> None:
    readme = (TEKTON / "README.md").read_text()
    secrets = set()
    for path in TEKTON.rglob("*.yaml"):
        secrets |= set(re.findall(r"secretName: ([\w-]+)", path.read_text()))
    for name in {*PIPELINES, *TRIGGERS, *secrets}:
        assert f"`{name}`" in readme or f" {name} " in readme, name
