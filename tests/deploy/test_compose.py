"""What `docker compose` starts: complete for every choice of profiles, closed to the outside."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.servers import missing

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
EXAMPLE = (ROOT / "deploy" / "compose.env.example").read_text()
ALWAYS = {"database", "keys", "training", "scoring", "console"}
DASK = {"dask-scheduler", "dask-worker"}
OWN = ALWAYS | DASK | {"loadtest"}
OBSERVABILITY = {"influxdb", "prometheus", "alertmanager", "grafana"}
CHOICES = {
    (): ALWAYS,
    ("postgres",): ALWAYS | {"postgres"},
    ("db2",): ALWAYS | {"db2"},
    ("dask",): ALWAYS | DASK,
    ("observability",): ALWAYS | OBSERVABILITY,
    ("postgres", "dask"): ALWAYS | DASK | {"postgres"},
    ("postgres", "observability"): ALWAYS | {"postgres"} | OBSERVABILITY,
    ("db2", "observability"): ALWAYS | {"db2"} | OBSERVABILITY,
}


def make_env(target, *profiles):
    return subprocess.run(
        [ROOT / "scripts" / "compose_env.sh", *profiles],
        env={**os.environ, "COMPOSE_ENV": str(target)},
        capture_output=True,
        text=True,
    )


def variables(text):
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


@pytest.fixture(params=CHOICES, ids="-".join)
def choice(request, tmp_path):
    """A choice of profiles, and the file of variables that was made for it."""
    target = tmp_path / "env"
    assert make_env(target, *request.param).returncode == 0
    return request.param, target


@pytest.mark.server
def test_compose_knows_what_to_start(choice):
    profiles, env = choice
    command = ["docker", "compose", "--env-file", env]
    if shutil.which("docker") is None or subprocess.run([*command, "version"]).returncode:
        missing("there is no docker compose")
    listed = subprocess.run(
        [*command, "config", "--services"], cwd=ROOT, capture_output=True, text=True
    )
    assert listed.returncode == 0, listed.stderr
    assert "warning" not in listed.stderr.lower()
    assert set(listed.stdout.split()) == CHOICES[profiles]
    config = subprocess.run([*command, "config"], cwd=ROOT, capture_output=True, text=True)
    services = yaml.safe_load(config.stdout)["services"]
    url = services["scoring"]["environment"]["CRISPML_DATABASE__URL"]
    assert url == services["training"]["environment"]["CRISPML_DATABASE__URL"]
    database = next((name for name in ("postgres", "db2") if name in profiles), None)
    assert (f"@{database}:" in url) if database else url.startswith("sqlite:")


def test_a_cluster_is_for_the_services_and_its_workers_have_what_they_have(tmp_path):
    assert make_env(tmp_path / "env", "postgres", "dask").returncode == 0
    address = variables((tmp_path / "env").read_text())["DASK_ADDRESS"]
    assert address in SERVICES["dask-worker"]["command"]
    for name in DASK:
        assert "ports" not in SERVICES[name]
    worker, told = SERVICES["dask-worker"], SERVICES["dask-worker"]["environment"]
    assert told.items() >= SERVICES["training"]["environment"].items()
    places = {volume.split(":")[1] for volume in worker["volumes"]}
    of_services = SERVICES["training"]["volumes"] + SERVICES["scoring"]["volumes"]
    # Private keys of signatures are for training alone.
    keys = {"/var/lib/crispml/keys"}
    assert places == {volume.split(":")[1] for volume in of_services} - keys
    assert worker["deploy"]["replicas"] == 2


def test_the_console_gets_no_secret_and_no_volume():
    console = SERVICES["console"]
    assert "volumes" not in console
    told = console["environment"]
    assert set(told) == {
        "CRISPML_SERVER__HOST",
        *(f"CRISPML_CONSOLE__{name}_URL" for name in ("TRAINING", "SCORING")),
        *(f"CRISPML_CONSOLE__SHOWN_{name}_URL" for name in ("TRAINING", "SCORING")),
    }


def test_a_password_is_made_once_for_its_owner_only(choice):
    profiles, env = choice
    made = variables(env.read_text())
    secrets = [value for name, value in made.items() if "PASSWORD" in name or "TOKEN" in name]
    assert len(set(secrets)) == len(secrets) == 6
    assert min(map(len, secrets)) >= 32
    assert env.stat().st_mode & 0o077 == 0
    again = make_env(env, *profiles)
    assert again.returncode == 1
    assert variables(env.read_text()) == made


@pytest.mark.parametrize("wrong", [("postgres", "db2"), ("grafana",)])
def test_what_cannot_be_started_is_refused(wrong, tmp_path):
    refused = make_env(tmp_path / "env", *wrong)
    assert refused.returncode == 2
    assert not (tmp_path / "env").exists()


def test_the_example_names_every_variable_and_no_other():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    named = set(re.findall(r"\b([A-Z][A-Z0-9_]+)=", EXAMPLE)) - {"DB2_LICENSE=accept"}
    assert used | {"COMPOSE_PROFILES"} == named
    secrets = {name for name in named if "PASSWORD" in name or "TOKEN" in name}
    assert {variables(EXAMPLE)[name] for name in secrets} == {""}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_reached_from_this_machine_only_and_takes_a_share_of_it(name):
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory"}
    if name != "db2":  # whose image needs all rights for its set-up
        assert "no-new-privileges:true" in service["security_opt"]
        assert "privileged" not in service
    if service["restart"] != "no":
        assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OWN))
def test_images_of_others_are_pinned_by_version_and_can_come_from_elsewhere(name):
    pinned = re.fullmatch(
        r"\$\{[A-Z0-9]+_IMAGE:-[\w./]+:v?\d+\.\d+[\w.-]*\}", SERVICES[name]["image"]
    )
    assert pinned, SERVICES[name]["image"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name):
    for volume in SERVICES[name].get("volumes", ()):
        source = volume.split(":")[0]
        if source.startswith("./"):
            assert (ROOT / source).exists(), volume
            assert volume.endswith(":ro"), volume
        else:
            assert source in COMPOSE["volumes"]


def test_grafana_finds_its_dashboards_and_is_told_what_its_sources_are():
    grafana = SERVICES["grafana"]
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "crispml.yml").read_text())[
        "providers"
    ]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    asked = re.findall(r"\$([A-Z_]+)", (provisioning / "datasources" / "crispml.yml").read_text())
    assert set(asked) <= set(grafana["environment"])
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "deploy" / "grafana" / "dashboards" / Path(home).name).exists()


def test_prometheus_asks_services_by_the_names_they_have_here():
    folder = ROOT / "deploy" / "prometheus" / "compose"
    asked = {
        address
        for file in folder.glob("*.yml")
        for group in yaml.safe_load(file.read_text())
        for address in group["targets"]
    }
    assert asked == {"training:8101", "scoring:8102", "console:8103", "alertmanager:9093"}


def test_the_script_for_influxdb_is_a_script():
    script = ROOT / "deploy" / "influxdb" / "reader.sh"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", script]).returncode == 0
    told = SERVICES["influxdb"]["environment"]
    own = {"DOCKER_INFLUXDB_INIT_BUCKET_ID"}  # which the image tells after its set-up
    assert set(re.findall(r"\$([A-Z_]+)", script.read_text())) - own <= set(told)
