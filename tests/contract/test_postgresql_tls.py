"""PostgreSQL behind TLS, reached as `docs/hardening.md` says."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.domain.errors import CrispMLError
from tests.certificates import Authority
from tests.servers import SCRIPT, missing

pytestmark = pytest.mark.server
ENCRYPTED = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[str]:
    """A PostgreSQL with a certificate for loopback; its URL says nothing about TLS."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing("there is no PostgreSQL server to start")
    pair = authority.issue("postgresql")
    # Outside of the folder of pytest, which other users of the machine may not enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        files = [Path(shutil.copy(file, folder)) for file in (pair.cert, pair.key)]
        if os.getuid() == 0:  # the server refuses to run as root, and a key of somebody else
            for file in files:
                shutil.chown(file, "postgres")
        files[1].chmod(0o600)
        options = ["-c ssl=on", f"-c ssl_cert_file={files[0]}", f"-c ssl_key_file={files[1]}"]
        started = subprocess.run(
            [SCRIPT, "start", folder, *options], stdout=subprocess.PIPE, text=True, check=True
        )
        try:
            yield started.stdout.strip()
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)


def is_encrypted(url: str, **query: str) -> bool:
    """Return whether a connection is, made as the services make it."""
    parsed = make_url(url).update_query_dict(query).render_as_string(hide_password=False)
    engine = make_engine(parsed, options=EngineOptions(retry_s=0))
    try:
        with reading(engine) as connection:
            return bool(connection.execute(ENCRYPTED).scalar_one())
    finally:
        engine.dispose()


def test_the_ca_that_is_named_is_trusted(server: str, authority: Authority) -> None:
    assert is_encrypted(server, sslmode="verify-full", sslrootcert=str(authority.file))


def test_who_answers_in_the_place_of_the_database_is_refused(server: str, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with pytest.raises(CrispMLError) as refused:
        is_encrypted(server, sslmode="verify-full", sslrootcert=str(other.file))
    assert str(other.file) not in refused.value.message


def test_a_certificate_for_another_name_is_refused(server: str, authority: Authority) -> None:
    elsewhere = make_url(server).set(host="127.0.0.2").render_as_string(hide_password=False)
    with pytest.raises(CrispMLError):
        is_encrypted(
            elsewhere,
            hostaddr="127.0.0.1",
            sslmode="verify-full",
            sslrootcert=str(authority.file),
        )
    assert is_encrypted(elsewhere, hostaddr="127.0.0.1", sslmode="require"), "it does answer"
