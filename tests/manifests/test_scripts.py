"""The programs of the manifests do what they say, with a kubectl that takes notes."""

import hashlib
import os
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from crispml_core.adapters.secret_keys import read_keys
from crispml_core.adapters.signing import Ed25519Signer, TrustedKeys
from crispml_core.domain.api_keys import digest_of
from crispml_core.settings import load_settings
from tests.manifests import rendering
from tests.manifests.objects import pods_of
from tests.manifests.scripts import run


def secrets(store):
    return {
        f"{file.parent.name}/{file.name}": file.read_bytes()
        for file in (store / "secrets").rglob("*")
        if file.is_file()
    }


def test_secrets_are_what_the_services_read(store, tmp_path, monkeypatch):
    done = run("secrets.sh", "dev")
    assert done.returncode == 0, done.stderr
    made = store / "secrets"
    signer = Ed25519Signer(made / "crispml-signing" / "key.pem")
    trusted = TrustedKeys(made / "crispml-trusted-dev")
    assert signer.key_id in trusted
    trusted.verify(b"bytes", signer.sign(b"bytes"))
    assert (made / "crispml-trusted-dev" / f"{signer.key_id}.pem").exists()
    for name in ("pseudonyms", "master"):
        assert read_keys(made / "crispml-privacy" / f"{name}.key", "it").first.key_id == "k1"
    key_file = tmp_path / "crispml-dev.key"
    assert key_file.stat().st_mode & 0o077 == 0
    key = key_file.read_text().strip()
    digest = (made / "crispml-access" / "admin-key-digest").read_text()
    assert digest == hashlib.sha256(key.encode()).hexdigest() == digest_of(key)
    assert key not in done.stderr + (store / "asked").read_text()
    monkeypatch.setenv("CRISPML_DATABASE__URL", (made / "crispml-database" / "url").read_text())
    monkeypatch.setenv("CRISPML_AUTH__ADMIN_KEY_DIGEST", digest)
    assert load_settings().database.url.get_secret_value().endswith("/database/crispml.db")


def test_secrets_have_every_key_that_a_pod_asks_for(store):
    assert run("secrets.sh", "qa").returncode == 0
    made = {tuple(name.split("/")) for name in secrets(store)}
    objects = rendering.combination(("postgres", "influxdb", "monitoring", "grafana"))
    # The key of the monitor is made with the services, which have to run for that; the secret of
    # the console is that of a confidential client, which a provider gives.
    later = {("crispml-monitor", "api-key"), ("crispml-access", "console-client-secret")}
    asked = set(_asked(objects)) - later
    assert asked
    assert asked <= made


def _asked(objects):
    for pods in pods_of(objects):
        for container in pods.containers():
            for variable in container.get("env", ()):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    yield reference["name"], reference["key"]


def test_the_cluster_has_a_ca_of_its_own_and_nobody_has_its_key(store):
    assert run("secrets.sh", "dev").returncode == 0
    folder = store / "secrets" / "crispml-dask"
    assert {file.name for file in folder.iterdir()} == {"ca.crt", "tls.crt", "tls.key"}
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    authority, own = (
        x509.load_pem_x509_certificate((folder / name).read_bytes())
        for name in ("ca.crt", "tls.crt")
    )
    own.verify_directly_issued_by(authority)
    key = serialization.load_pem_private_key((folder / "tls.key").read_bytes(), None)
    assert key.public_key() == own.public_key() != authority.public_key()


def test_the_password_of_the_database_is_in_its_url(store):
    assert run("secrets.sh", "qa").returncode == 0
    made = secrets(store)
    assert made["crispml-database/password"] in made["crispml-database/url"]


def test_secrets_are_made_once(store):
    assert run("secrets.sh", "dev").returncode == 0
    before = secrets(store)
    assert run("secrets.sh", "dev").returncode == 0
    assert secrets(store) == before
    values = list(before.values())
    assert len(set(values)) == len(values)


def test_prod_has_a_database_of_its_own(store):
    refused = run("secrets.sh", "prod")
    assert refused.returncode == 2
    assert "DATABASE_URL" in refused.stderr
    url = "postgresql+psycopg://crispml:secret@database.example:5432/crispml"
    assert run("secrets.sh", "prod", DATABASE_URL=url).returncode == 0
    assert secrets(store)["crispml-database/url"] == url.encode()
    assert "secret@" not in (store / "asked").read_text()


@pytest.mark.parametrize("arguments", [(), ("test",)])
def test_an_environment_that_there_is_not_is_refused(arguments, store):
    assert run("secrets.sh", *arguments).returncode == 2
    assert run("apply.sh", *arguments).returncode == 2
    assert not (store / "asked").read_text()


def asked(store):
    return [line.split() for line in (store / "asked").read_text().splitlines()]


def test_the_services_roll_after_the_migration(store):
    (store / "job").touch()
    done = run("apply.sh", "dev")
    assert done.returncode == 0, done.stderr
    verbs = [words[0] for words in asked(store)]
    lines = [" ".join(words) for words in asked(store)]
    first, second = (index for index, verb in enumerate(verbs) if verb == "apply")
    deleted = verbs.index("delete")
    complete = next(index for index, line in enumerate(lines) if "conditions" in line)
    assert deleted < first < complete < second < verbs.index("rollout")
    assert "notin (training, scoring, console)" in lines[first]
    assert "--selector" not in lines[second]


def test_a_migration_that_fails_leaves_the_services_alone(store):
    done = run("apply.sh", "dev", ENDED="FailureTarget Failed")
    assert done.returncode == 1
    assert "not migrated" in done.stderr
    verbs = [words[0] for words in asked(store)]
    assert verbs.count("apply") == 1
    assert "rollout" not in verbs
    assert "delete" not in verbs


# -- the shell of the monitor

CRISPML = """
#!/bin/sh
echo "$*" >>"$STORE/asked"
[ "$1" = "$FAILS" ] && exit 1
[ "$1 $2" = "use-case list" ] && echo '[{"name": "credit"}, {"name": "churn"}]'
[ "$1 $2" != "monitor $FAILS" ]
"""


@pytest.mark.parametrize(("fails", "code"), [("", 0), ("churn", 1), ("credit", 1), ("use-case", 1)])
def test_the_monitor_asks_for_each_use_case(fails, code, store, program):
    (monitor,) = (
        pods for pods in pods_of(rendering.combination(("sqlite",))) if pods.component == "monitor"
    )
    program("crispml", CRISPML)
    program("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    command = monitor.spec["containers"][0]["command"]
    done = subprocess.run(command, env={**os.environ, "FAILS": fails}, timeout=60)
    assert done.returncode == code
    monitored = [words[1] for words in asked(store) if words[0] == "monitor"]
    # One that fails keeps no other from being looked at.
    assert monitored == ([] if fails == "use-case" else ["credit", "churn"])
    for words in asked(store):
        if words[0] == "monitor":
            assert words[2] == "--at"
            assert words[3].endswith(":00:00Z")
