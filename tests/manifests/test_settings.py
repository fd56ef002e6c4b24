"""What the manifests set is what the services read, and each environment has rules of its own."""

import os
import re
import tomllib

import pytest

from crispml_console.settings import Settings
from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import load_settings
from loadtest.config import addresses, read_settings
from loadtest.thresholds import DEFAULT, read_thresholds
from tests.manifests import rendering
from tests.manifests.objects import pods_of
from tests.manifests.pod_rules import settings_of

# What a Secret or the kubelet fills in when a pod starts.
FILLED = {
    "CRISPML_DATABASE__URL": "postgresql+psycopg://crispml:secret@crispml-postgres:5432/crispml",
    "CRISPML_AUTH__ADMIN_KEY_DIGEST": "0" * 64,
    "CRISPML_INFLUX__TOKEN": "secret",
    "CRISPML_JOURNAL__OWNER": "5f7c1a52-4a0b-4a42-9a55-0e7f4d1f7c11",
}
# These have settings of their own.
OTHERS = ("console", "loadtest")
SETS = [*rendering.OVERLAYS, *rendering.combinations()[:15]]


def rendered(what):
    return rendering.overlay(what) if isinstance(what, str) else rendering.combination(what)


def environments(objects):
    """Return the variables of each container that has the settings of the services."""
    shared = settings_of(objects)
    for pods in pods_of(objects):
        for container in pods.containers():
            if "envFrom" in container and pods.component not in OTHERS:
                own = {
                    variable["name"]: variable.get("value") or FILLED[variable["name"]]
                    for variable in container.get("env", ())
                    if variable["name"].startswith("CRISPML_")
                }
                yield pods, {**shared, **own}


def load(monkeypatch, variables):
    for name in [name for name in os.environ if name.startswith("CRISPML_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize(
    "what", SETS, ids=lambda what: what if isinstance(what, str) else "+".join(what)
)
def test_every_setting_is_one(what, monkeypatch):
    loaded = 0
    for _, variables in environments(rendered(what)):
        with monkeypatch.context() as here:
            load(here, variables)
        loaded += 1
    assert loaded == 4 + ("dask" in what)


def console_of(objects, monkeypatch):
    """Return the container of the console and the settings that it reads."""
    (console,) = (pods for pods in pods_of(objects) if pods.component == "console")
    (container,) = console.containers()
    (told,) = (
        each["data"]
        for each in objects
        if each["kind"] == "ConfigMap"
        and each["metadata"]["name"] == container["envFrom"][0]["configMapRef"]["name"]
    )
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return container, Settings()


def test_the_console_is_told_its_settings_and_no_secret_of_a_service(monkeypatch):
    container, settings = console_of(rendering.overlay("overlays/dev"), monkeypatch)
    assert settings.console.training_url == "http://crispml-training:8101"
    assert settings.console.scoring_url == "http://crispml-scoring:8102"
    assert [each["name"] for each in container["env"]] == ["CRISPML_CONSOLE__OIDC_CLIENT_SECRET"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


def test_the_console_behind_an_ingress_knows_the_names_that_people_type(monkeypatch):
    objects = rendering.overlay("overlays/prod")
    (ingress,) = (each for each in objects if each["kind"] == "Ingress")
    by_service = {
        rule["http"]["paths"][0]["backend"]["service"]["name"]: f"https://{rule['host']}"
        for rule in ingress["spec"]["rules"]
    }
    (names,) = (entry["hosts"] for entry in ingress["spec"]["tls"])
    assert {f"https://{name}" for name in names} == set(by_service.values())
    _, settings = console_of(objects, monkeypatch)
    assert settings.is_https  # so that its cookie is for TLS only
    assert settings.console.public_url == by_service["crispml-console"]
    assert settings.console.shown_training_url == by_service["crispml-training"]
    assert settings.console.shown_scoring_url == by_service["crispml-scoring"]


@pytest.mark.parametrize("what", [("postgres", "loadtest"), "overlays/dev", "overlays/qa"], ids=str)
def test_a_load_test_is_told_its_settings_and_has_a_pod_for_each_worker(what, tmp_path):
    objects = rendered(what)
    (pods,) = (pods for pods in pods_of(objects) if pods.component == "loadtest")
    (container,) = pods.containers()
    maps = {
        each["metadata"]["name"].rpartition("-")[0]: each["data"]
        for each in objects
        if each["kind"] == "ConfigMap"
    }
    told = maps["crispml-loadtest"]
    settings = read_settings(told)
    job = pods.owner["spec"]["jobTemplate"]["spec"]
    assert job["completions"] == job["parallelism"] == settings.expect_workers + 1
    assert addresses(told) == ("http://crispml-training:8101", "http://crispml-scoring:8102")
    assert [each["name"] for each in container["env"]] == ["CRISPML_API_KEY"]
    (mount,) = (each for each in container["volumeMounts"] if each["name"] == "thresholds")
    assert settings.thresholds == mount["mountPath"]
    for name, text in maps["crispml-loadtest-thresholds"].items():
        (tmp_path / name).write_text(text)
    slo, shipped = read_thresholds(tmp_path), read_thresholds(DEFAULT)
    times = {rule.name: rule.maximum for rule in shipped if rule.figure.endswith("_ms")}
    assert {rule for rule in shipped if rule.name not in times} <= set(slo)
    # It asks for the same figures, and for times that are no longer.
    assert all(rule.maximum <= times[rule.name] for rule in slo if rule.name in times)
    assert times.keys() <= {rule.name for rule in slo}


def test_the_times_of_qa_are_a_promise_and_those_of_dev_are_none():
    def times(name):
        (found,) = (
            each["data"]["slo.toml"]
            for each in rendering.overlay(f"overlays/{name}")
            if each["metadata"]["name"].startswith("crispml-loadtest-thresholds-")
        )
        rules = tomllib.loads(found)["threshold"]
        return {(rule.get("request"), rule["figure"]): rule["maximum"] for rule in rules}

    page = (rendering.ROOT / "docs" / "load.md").read_text()
    row = re.search(
        r"Records per second \| (\d+) for (\d) minutes? \| (\d+) for (\d) minutes", page
    )
    assert row
    for name, rate, minutes in (("dev", row[1], row[2]), ("qa", row[3], row[4])):
        (told,) = (
            each["data"]
            for each in rendering.overlay(f"overlays/{name}")
            if "LOADTEST_RATE" in each.get("data", {})
        )
        assert (told["LOADTEST_RATE"], int(told["LOADTEST_SECONDS"])) == (rate, 60 * int(minutes))
    dev, qa = times("dev"), times("qa")
    p50, p99 = (None, "p50_ms"), ("single", "p99_ms")
    assert f"p50 | {dev[p50]} ms | {qa[p50]} ms |" in page
    assert f"p99 | {dev[p99] // 1000} s | {qa[p99]} ms |" in page
    assert dev.keys() == qa.keys()
    assert all(qa[rule] < dev[rule] for rule in dev)


def test_nobody_loads_prod():
    names = [each["metadata"]["name"] for each in rendering.overlay("overlays/prod")]
    assert not [name for name in names if "loadtest" in name]


def test_a_setting_that_is_none_is_found(monkeypatch):
    _, variables = next(environments(rendering.overlay("overlays/dev")))
    with pytest.raises(InvalidInput, match="CRISPML_JORNAL"):
        load(monkeypatch, {**variables, "CRISPML_JORNAL__PATH": "/tmp"})


@pytest.mark.parametrize("name", ["dev", "qa", "prod"])
def test_an_environment_is_itself(name, monkeypatch):
    objects = rendering.overlay(f"overlays/{name}")
    assert {each["metadata"].get("namespace", f"crispml-{name}") for each in objects} == {
        f"crispml-{name}"
    }
    for pods, variables in environments(objects):
        with monkeypatch.context() as here:
            settings = load(here, variables)
        assert settings.environment == name
        assert settings.signing.mode == "required"
        assert settings.auth.mode == "required"
        assert not settings.signing.unsigned_bundles
        mounted = {
            mount["mountPath"]
            for container in pods.spec["containers"]
            for mount in container["volumeMounts"]
        }
        if pods.component == "training":
            assert str(settings.signing.key_file.parent) in mounted
        else:
            assert str(settings.signing.key_file.parent) not in mounted
        if pods.component in ("training", "scoring"):
            assert str(settings.registry.path) in mounted
            assert str(settings.privacy.master_key_file.parent) in mounted
            for each in ("dev", "qa", "prod"):
                assert str(settings.signing.trusted / each) in mounted
        if pods.component == "scoring":
            assert str(settings.journal.path.parent) in mounted
            assert str(settings.batch.path.parent) in mounted


def test_prod_lets_only_approved_versions_answer(monkeypatch):
    _, variables = next(environments(rendering.overlay("overlays/prod")))
    settings = load(monkeypatch, variables)
    assert settings.promotion.mode == "model"
    assert settings.promotion.approval == "required"


def test_environments_do_not_share_what_they_keep():
    kept = {}
    for folder in rendering.OVERLAYS:
        settings = settings_of(rendering.overlay(folder))
        days = {name: value for name, value in settings.items() if "RETENTION" in name}
        kept[folder] = days
    assert kept["overlays/dev"] != kept["overlays/qa"] != kept["overlays/prod"]
