"""TLS of a service: whom clients trust, whom the service trusts, and certificates that change."""

from __future__ import annotations

import json
import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from crispml_core.client import ClientError, ClientTls, CrispMLClient, ServiceUnreachable
from crispml_core.domain.errors import InvalidInput
from crispml_core.rest.tls import ServerTls
from crispml_core.settings import CrispMLSettings, ServerSettings
from tests.certificates import Authority, Pair
from tests.services.listening import listening

RECORD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}


def settings_with(pair: Pair, client_ca: Path | None = None) -> CrispMLSettings:
    files = {"tls_cert_file": pair.cert, "tls_key_file": pair.key, "tls_client_ca_file": client_ca}
    return CrispMLSettings.model_validate({"server": files})


def client_of(port: int, tls: ClientTls | None = None) -> CrispMLClient:
    return CrispMLClient(scoring_url=f"https://127.0.0.1:{port}", retries=0, tls=tls)


def test_a_score_is_answered_at_the_socket_over_tls_too(
    scoring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, seen = Authority(tmp_path), []
    answer = scoring.app.state.plain.answer

    def noted(*asked: Any) -> bool:
        seen.append(answer(*asked))
        return bool(seen[-1])

    monkeypatch.setattr(scoring.app.state.plain, "answer", noted)
    context = ssl.create_default_context(cafile=authority.file)
    with (
        listening(scoring.app, settings_with(authority.issue("service"))) as port,
        httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context) as client,
    ):
        for _ in range(3):
            answered = client.post(
                "/api/v1/use-cases/toy/new-data-score",
                content=json.dumps(RECORD),
                headers={"Content-Type": "application/json"},
            )
            assert answered.status_code == 200
        assert client.get("/api/v1/use-cases/toy").status_code == 200
    assert seen == [True] * 3


def test_the_client_trusts_the_ca_it_is_given_and_no_other(scoring: Any, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    with listening(scoring.app, settings_with(authority.issue("service"))) as port:
        with client_of(port, ClientTls(authority.file)) as client:
            assert client.scoring.score("toy", [RECORD]).scores
        for tls in (ClientTls(other.file), None):
            with client_of(port, tls) as client, pytest.raises(ServiceUnreachable):
                client.scoring.score("toy", [RECORD])


def test_a_service_may_ask_for_the_certificate_of_its_clients(scoring: Any, tmp_path: Path) -> None:
    authority, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    known, stranger = clients.issue("known"), authority.issue("stranger")
    with listening(scoring.app, settings_with(authority.issue("s"), clients.file)) as port:
        with client_of(port, ClientTls(authority.file, known.cert, known.key)) as client:
            assert client.scoring.score("toy", [RECORD]).scores
        for tls in (
            ClientTls(authority.file, stranger.cert, stranger.key),
            ClientTls(authority.file),
        ):
            with client_of(port, tls) as client, pytest.raises(ServiceUnreachable):
                client.scoring.score("toy", [RECORD])


def test_no_plain_http_is_answered(scoring: Any, tmp_path: Path) -> None:
    with listening(scoring.app, settings_with(Authority(tmp_path).issue("s"))) as port:
        client = CrispMLClient(scoring_url=f"http://127.0.0.1:{port}", retries=0)
        with client, pytest.raises(ClientError):
            client.scoring.score("toy", [RECORD])


def test_a_new_certificate_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    live = Pair(tmp_path / "tls.crt", tmp_path / "tls.key")

    def put(cert: Path, key: Path) -> None:
        for source, target in ((cert, live.cert), (key, live.key)):
            shutil.copy(source, target.with_suffix(".new"))
            os.replace(target.with_suffix(".new"), target)

    first, second = authority.issue("first"), authority.issue("second")
    put(first.cert, first.key)
    tls = ServerTls(settings_with(live).server)
    assert name_shown(tls, authority) == "first"
    put(second.cert, second.key)
    tls.look()
    assert name_shown(tls, authority) == "second"
    put(first.cert, second.key)  # they do not belong together
    tls.look()
    assert name_shown(tls, authority) == "second"
    live.cert.unlink()
    tls.look()
    assert name_shown(tls, authority) == "second"
    put(first.cert, first.key)
    tls.look()
    assert name_shown(tls, authority) == "first"


def name_shown(tls: ServerTls, authority: Authority) -> str:
    """Return the name in the certificate that a client is shown."""
    client = ssl.create_default_context(cafile=authority.file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = tls.context.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(4):
        for side in (asking, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = asking.getpeercert()
    assert shown
    return str(shown["subject"][0][0][1])


def test_files_that_are_no_certificate_end_the_start_with_one_sentence(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good, locked = authority.issue("good"), authority.issue("locked", password=b"CANARY")
    missing = Pair(tmp_path / "CANARY", tmp_path / "CANARY")
    for pair in (missing, locked, Pair(good.cert, locked.key), Pair(good.key, good.cert)):
        with pytest.raises(InvalidInput, match="CRISPML_SERVER__TLS_CERT_FILE") as refused:
            ServerTls(settings_with(pair).server)
        assert "CANARY" not in str(refused.value)
    with pytest.raises(InvalidInput, match="TLS_CLIENT_CA_FILE"):
        ServerTls(settings_with(good, good.key).server)


@pytest.mark.parametrize(
    "files",
    [{"tls_cert_file": "c"}, {"tls_key_file": "k"}, {"tls_client_ca_file": "a"}],
)
def test_half_of_the_files_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="TLS_"):
        ServerSettings.model_validate(files)


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    tls = ServerTls(settings_with(Authority(tmp_path).issue("s")).server)
    assert tls.context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_files_of_a_client_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good, locked = authority.issue("good"), authority.issue("locked", password=b"CANARY")
    for tls, said in (
        (ClientTls(tmp_path / "CANARY"), "CA file"),
        (ClientTls(good.key), "CA file"),
        (ClientTls(authority.file, good.cert, locked.key), "key of the client"),
        (ClientTls(authority.file, locked.cert, locked.key), "without a password"),
    ):
        with pytest.raises(ClientError, match=said) as refused:
            tls.context()
        assert "CANARY" not in str(refused.value)
