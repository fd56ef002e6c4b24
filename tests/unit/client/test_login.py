"""Logging in, against a real OpenID provider on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from crispml_core.client import login
from crispml_core.client.errors import ClientError
from tests.provider import running_provider

# The provider of the tests knows no client without a secret, and takes any.
SECRET = "any"
BACK = "http://127.0.0.1:9/callback"


@pytest.fixture(scope="module")
def issuer():
    with running_provider() as url:
        yield url


def come_back(attempt, sub="ann"):
    """Do what a browser and its user do, and return the query of the redirect."""
    answer = httpx.post(attempt.url, data={"sub": sub}, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == attempt.redirect_uri
    return dict(parse_qsl(where.query))


def test_whoever_comes_back_is_logged_in(issuer):
    provider = login.discover(issuer)
    attempt = login.begin(provider, "crispml", BACK)
    found = login.exchange(provider, attempt, come_back(attempt), client_secret=SECRET)
    assert (found.subject, found.client_id, found.issuer) == ("ann", "crispml", issuer)
    assert not found.is_over
    assert found.refresh_token
    for secret in (found.token, found.refresh_token):
        assert secret not in repr(found)


def test_the_address_asks_for_a_code_bound_to_this_attempt(issuer):
    provider = login.discover(issuer)
    first, second = (login.begin(provider, "crispml", BACK) for _ in range(2))
    asked = dict(parse_qsl(urlsplit(first.url).query))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert first.verifier not in first.url
    digest = hashlib.sha256(first.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(asked["code_challenge"] + "=") == digest
    assert len(first.verifier) >= 43
    assert {first.state, first.nonce, first.verifier}.isdisjoint(
        {second.state, second.nonce, second.verifier}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "other"}, "another log-in"),
        ({"state": ""}, "another log-in"),
        ({"iss": "https://evil.example"}, "another provider"),
        ({"error": "access_denied"}, "did not let you in"),
        ({"code": ""}, "did not let you in"),
        ({"code": "made-up"}, "refuses"),
    ],
)
def test_an_answer_that_does_not_belong_to_the_attempt_is_refused(issuer, change, said):
    provider = login.discover(issuer)
    attempt = login.begin(provider, "crispml", BACK)
    with pytest.raises(ClientError, match=said):
        login.exchange(provider, attempt, come_back(attempt) | change)


def test_an_identity_token_of_another_attempt_is_refused(issuer):
    provider = login.discover(issuer)
    attempt = login.begin(provider, "crispml", BACK)
    with pytest.raises(ClientError, match="another log-in"):
        login.exchange(
            provider, replace(attempt, nonce="other"), come_back(attempt), client_secret=SECRET
        )


def _token(**claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.x"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id_token": _token(iss="https://x", aud="other", nonce="n")}, "another client"),
        ({"id_token": _token(iss="https://y", aud="c", nonce="n")}, "another provider"),
        ({"id_token": "x"}, "can be read"),
        ({}, "can be read"),
    ],
)
def test_a_wrong_identity_token_is_refused(given, said):
    provider = login.Issuer(
        issuer="https://x", authorization_endpoint="https://x/a", token_endpoint="https://x/t"
    )
    attempt = replace(login.begin(provider, "c", BACK), state="s", nonce="n")
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=given))
    with pytest.raises(ClientError, match=said):
        login.exchange(provider, attempt, {"state": "s", "code": "c"}, transport)


def test_the_code_is_sent_with_its_verifier_and_no_secret():
    sent = []

    def answer(request):
        sent.append(dict(parse_qsl(request.content.decode())))
        token = _token(iss="https://x", aud=["c"], nonce="n", sub="ann", exp=4e9)
        return httpx.Response(200, json={"access_token": token, "id_token": token})

    provider = login.Issuer(
        issuer="https://x", authorization_endpoint="https://x/a", token_endpoint="https://x/t"
    )
    attempt = replace(login.begin(provider, "c", BACK), state="s", nonce="n")
    login.exchange(provider, attempt, {"state": "s", "code": "k"}, httpx.MockTransport(answer))
    assert sent == [
        {
            "grant_type": "authorization_code",
            "code": "k",
            "redirect_uri": BACK,
            "client_id": "c",
            "code_verifier": attempt.verifier,
        }
    ]


LOGIN = login.Login(
    issuer="https://x", client_id="c", subject="ann", expires_at=1.0, token="t", refresh_token="r"
)
X = login.Issuer(
    issuer="https://x", authorization_endpoint="https://x/a", token_endpoint="https://x/t"
)


def test_a_log_in_goes_on_with_the_refresh_token():
    sent = []

    def answer(request):
        sent.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(200, json={"access_token": _token(exp=4e9)})

    again = login.refresh(X, LOGIN, httpx.MockTransport(answer))
    assert LOGIN.is_over
    assert not again.is_over
    assert (again.subject, again.refresh_token) == ("ann", "r")
    assert sent == [{"grant_type": "refresh_token", "refresh_token": "r", "client_id": "c"}]


def test_a_log_in_does_not_go_on_as_somebody_else():
    identity = _token(iss="https://x", aud="c", sub="eve")
    given = {"access_token": _token(exp=4e9), "id_token": identity}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=given))
    with pytest.raises(ClientError, match="somebody else"):
        login.refresh(X, LOGIN, transport)


@pytest.mark.parametrize("issuer", ["http://login.example", "login", "file:///x"])
def test_a_provider_must_be_reached_safely(issuer):
    with pytest.raises(ClientError, match="https"):
        login.discover(issuer)
