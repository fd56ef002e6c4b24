"""Tokens of a real OpenID provider, from the browser of a user to a score."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from click.testing import CliRunner

from crispml_core.cli import kept_login
from crispml_core.cli.root import crispml
from crispml_core.cli.verb import Session
from crispml_core.client import login
from crispml_core.settings import CrispMLSettings
from crispml_core.settings.security import AuthSettings
from crispml_scoring.app import create_app as create_scoring
from tests.provider import running_provider
from tests.services.conftest import serve
from tests.services.current import CurrentParts

RECORD = {"order_id": "O-1", "amount": 10.0, "items": 1, "channel": "web", "note": None}
USERS = {"ann": ["scorer:toy", "auditor:toy", "role-of-another-app"], "bob": []}
BACK = "http://127.0.0.1:9/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(USERS) as url:
        yield url


@pytest.fixture
def scoring_of_provider(issuer: str, toy: Any, settings: CrispMLSettings, tmp_path: Path) -> Any:
    """Scoring that takes the tokens of the provider; it writes no `typ` of access tokens."""
    auth = AuthSettings(mode="required", oidc_issuer=issuer, oidc_tokens="jwt")
    known = settings.model_copy(update={"auth": auth})
    current: Any = CurrentParts()
    app = create_scoring(current, known, lambda settings: current.batches)
    yield from serve(
        "scoring", (app, current), toy, known, tmp_path, champion="20260101-000000-abcdef01"
    )


def token_of(issuer: str, sub: str, client_id: str = "crispml") -> str:
    provider = login.discover(issuer)
    attempt = login.begin(provider, client_id, BACK)
    answer = httpx.post(attempt.url, data={"sub": sub})
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    return login.exchange(provider, attempt, query, client_secret="any").token


def test_a_user_of_the_provider_scores_with_the_roles_it_says(
    scoring_of_provider: Any, issuer: str
) -> None:
    client = scoring_of_provider.client
    ann = {"Authorization": f"Bearer {token_of(issuer, 'ann')}"}
    assert client.get("/api/v1/whoami", headers=ann).json()["name"] == "user:ann"
    for _ in range(2):  # the second one is answered by what the gate remembers
        answer = client.post("/api/v1/use-cases/toy/new-data-score", json=RECORD, headers=ann)
        assert answer.status_code == 200
    score_id = answer.json()["scores"][0]["score_id"]
    assert client.get(f"/api/v1/scores/{score_id}", headers=ann).status_code == 200
    bob = {"Authorization": f"Bearer {token_of(issuer, 'bob')}"}
    assert client.get("/api/v1/whoami", headers=bob).json()["grants"] == []
    assert client.get(f"/api/v1/scores/{score_id}", headers=bob).status_code == 403


def test_a_token_for_another_client_opens_nothing(scoring_of_provider: Any, issuer: str) -> None:
    headers = {"Authorization": f"Bearer {token_of(issuer, 'ann', 'another-app')}"}
    assert scoring_of_provider.client.get("/api/v1/whoami", headers=headers).status_code == 401


def test_known_tokens_go_on_when_the_provider_is_gone(
    toy: Any, settings: CrispMLSettings, tmp_path: Path
) -> None:
    with running_provider(USERS) as url:
        known, other = (
            {"Authorization": f"Bearer {token_of(url, name)}"} for name in ("ann", "bob")
        )
        auth = AuthSettings(mode="required", oidc_issuer=url, oidc_tokens="jwt")
        changed = settings.model_copy(update={"auth": auth})
        current: Any = CurrentParts()
        app = create_scoring(current, changed, lambda settings: current.batches)
        service = next(made := serve("scoring", (app, current), toy, changed, tmp_path))
        assert service.client.get("/api/v1/whoami", headers=known).status_code == 200
    # Its keys are kept, so a token that comes now for the first time is verified too.
    for headers in (known, other):
        assert service.client.get("/api/v1/whoami", headers=headers).status_code == 200
    made.close()


def test_the_command_line_logs_in_and_out(
    issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CRISPML_LOGIN_CLIENT_SECRET", "any")
    urls = {"https://training.example", "https://scoring.example"}
    arguments = ["login", "--issuer", issuer, "--client-id", "crispml", "--within", "30"]
    arguments += [f"--{url[8:].partition('.')[0]}-url={url}" for url in sorted(urls)]

    def launch(url: str) -> int:
        """Stand for the browser: any page may call the address, and then the user agrees."""

        def browse() -> None:
            answer = httpx.post(url, data={"sub": "ann"})
            back = answer.headers["Location"]
            httpx.get(back.partition("?")[0] + "?state=forged&code=forged")
            assert httpx.get(back).status_code == 200

        threading.Thread(target=browse).start()
        return 0

    monkeypatch.setattr("click.launch", launch)
    done = CliRunner().invoke(crispml, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["subject"] == "ann"
    file = kept_login.file()
    assert file.is_relative_to(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    token = kept_login.token_for(urls)
    assert token
    assert token not in done.output
    assert kept_login.token_for({"https://evil.example"}) is None
    session = Session(training_url=min(urls - {"https://scoring.example"}))
    session.scoring_url = "https://scoring.example"
    assert session.client
    assert session.credential == token

    kept = json.loads(file.read_bytes())
    kept["login"] |= {"expires_at": time.time() - 10}
    file.write_text(json.dumps(kept))
    assert kept_login.token_for(urls) is None  # this provider refreshes no identity token

    assert CliRunner().invoke(crispml, ["logout"]).exit_code == 0
    assert kept_login.token_for(urls) is None
    assert not file.exists()
