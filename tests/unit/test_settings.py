"""Settings are read once, checked whole, and never shown."""

import os

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import CrispMLSettings, load_settings

SECRET = "canary-4711"


@pytest.fixture
def environment(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("CRISPML_"):
            monkeypatch.delenv(name)

    def use(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings

    return use


def test_without_variables_there_are_defaults(environment):
    settings = environment()()
    assert settings.environment == "dev"
    assert settings.use_cases == ()
    assert settings.database.url.get_secret_value().startswith("sqlite:///")


def test_a_cluster_without_tls_is_on_this_machine_or_named_twice(environment):
    near, far = "tcp://[::1]:8786", "tcp://scheduler:8786"
    assert environment(CRISPML_COMPUTE__DASK_ADDRESS=near)().compute.dask_address == near
    said = {"CRISPML_COMPUTE__DASK_ADDRESS": far, "CRISPML_COMPUTE__DASK_OPEN_ADDRESS": far}
    assert environment(**said)().compute.dask_address == far


def test_time_is_simulated_in_dev_only(environment):
    assert str(environment(CRISPML_CLOCK__FILE="ahead")().clock.file) == "ahead"
    assert environment(CRISPML_CLOCK__FILE="")().clock.file is None
    with pytest.raises(InvalidInput, match="CRISPML_CLOCK__FILE is for the environment dev"):
        environment(CRISPML_CLOCK__FILE="ahead", CRISPML_ENVIRONMENT="prod")()


def test_prod_works_with_signatures_only(environment):
    with pytest.raises(InvalidInput, match="SIGNING__MODE=off is not for the environment prod"):
        environment(CRISPML_SIGNING__MODE="off", CRISPML_ENVIRONMENT="prod")()


def test_unsigned_bundles_are_for_dev_only(environment):
    assert environment(CRISPML_SIGNING__UNSIGNED_BUNDLES="true")().signing.unsigned_bundles
    with pytest.raises(InvalidInput, match="UNSIGNED_BUNDLES is for the environment dev"):
        environment(CRISPML_ENVIRONMENT="qa")()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"CRISPML_COMPUTE__DASK_ADDRESS": "scheduler:8786"},
            "CRISPML_COMPUTE: .*DASK_ADDRESS begins with tls:// or tcp://",
        ),
        (
            {"CRISPML_COMPUTE__DASK_ADDRESS": "tls://scheduler:8786"},
            "CRISPML_COMPUTE: .*needs DASK_CA_FILE, DASK_CERT_FILE and DASK_KEY_FILE",
        ),
        (
            {"CRISPML_COMPUTE__DASK_ADDRESS": "tcp://scheduler:8786"},
            "CRISPML_COMPUTE: .*or say the address in DASK_OPEN_ADDRESS too",
        ),
        (
            {"CRISPML_SCORING__COMMIT_TIMEOUT_S": "20"},
            "CRISPML_SCORING: .*COMMIT_TIMEOUT_S must be at most half of DEADLINE_S",
        ),
        (
            {"CRISPML_DATABASE__STATEMENT_TIMEOUT_S": "5"},
            "CRISPML_DATABASE: .*BUSY_TIMEOUT_S must be at most STATEMENT_TIMEOUT_S",
        ),
        ({"CRISPML_DATABASE__CONNECT_TIMEOUT_S": "1"}, "CRISPML_DATABASE__CONNECT_TIMEOUT_S"),
    ],
)
def test_time_outs_that_contradict_each_other_are_refused(environment, variables, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        environment(**variables)()


def test_variables_are_read_by_concern_and_field(environment):
    settings = environment(
        CRISPML_USE_CASES="a.yaml, b.py:b ,",
        CRISPML_RUNS__WORKERS="3",
        CRISPML_CONNECTIONS='{"dwh": "db2://u:p@host/x"}',
        CRISPML_TRAINING_URL="http://elsewhere",
    )()
    assert settings.use_cases == ("a.yaml", "b.py:b")
    assert settings.runs.workers == 3
    assert settings.connections["dwh"].get_secret_value() == "db2://u:p@host/x"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CRISPML_DATABSE__URL", SECRET, r"CRISPML_DATABSE.*did you mean 'CRISPML_DATABASE'"),
        ("CRISPML_DATABASE__ULR", SECRET, "CRISPML_DATABASE__ULR"),
        ("CRISPML_RUNS__WORKERS", SECRET, "CRISPML_RUNS__WORKERS"),
        ("CRISPML_RUNS__WORKERS", "0", "CRISPML_RUNS__WORKERS"),
        ("CRISPML_ENVIRONMENT", SECRET, "CRISPML_ENVIRONMENT"),
        ("CRISPML_CONNECTIONS", SECRET, "CRISPML_CONNECTIONS"),
        ("CRISPML_CONNECTIONS", f'{{"dwh": ["{SECRET}"]}}', "CRISPML_CONNECTIONS__DWH"),
        ("CRISPML_RUNS__HEARTBEAT_S", "8", "HEARTBEAT_S must be at most half of LEASE_S"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(environment, variable, value, says):
    with pytest.raises(InvalidInput, match=says) as caught:
        environment(**{variable: value})()
    assert SECRET not in caught.value.message


def test_every_wrong_setting_is_named_at_once(environment):
    with pytest.raises(InvalidInput) as caught:
        environment(CRISPML_RUNS__WORKERS="x", CRISPML_SERVER__PORT="99999")()
    assert "CRISPML_RUNS__WORKERS" in caught.value.message
    assert "CRISPML_SERVER__PORT" in caught.value.message


def test_a_secret_is_not_shown(environment):
    settings = environment(
        CRISPML_DATABASE__URL=f"postgresql://u:{SECRET}@host/x",
        CRISPML_CONNECTIONS=f'{{"dwh": "db2://u:{SECRET}@host/x"}}',
    )()
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        CrispMLSettings().environment = "prod"
