"""Logging in at an OpenID provider: authorization code with PKCE (RFC 7636, RFC 8252).

Three steps, so that a command line and a console can share them: `begin` makes the address that a
browser is sent to, the browser comes back to the redirect address with a query, and `exchange`
makes a token of it. Who listens at the redirect address is not the business of this module.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from crispml_core.client.errors import ClientError

_TIMEOUT_S = 10.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_EARLY_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """What is known of a provider."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A log-in that has begun.

    Parameters
    ----------
    url : str
        Where the browser is sent.
    state, nonce, verifier : str
        What binds the answer, the token and the exchange to this attempt. Keep them where only
        whoever began can read them.
    """

    url: str
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who logged in, with the token that says so to the services.

    Parameters
    ----------
    token : str
        The access token, if it is a JWT; else the identity token.
    expires_at : float
        Seconds of the epoch.
    refresh_token : str
        Empty if the provider gave none.
    """

    issuer: str
    client_id: str
    subject: str
    expires_at: float
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the token has ended, or is about to."""
        return self.expires_at - _EARLY_S <= time.time()


def discover(issuer: str, transport: httpx.BaseTransport | None = None) -> Issuer:
    """Read what a provider says about itself.

    Raises
    ------
    ClientError
        If it does not answer, calls itself otherwise, or is not reached safely.
    """
    address = f"{_safe(issuer).rstrip('/')}/.well-known/openid-configuration"
    said = _read(lambda client: client.get(address), issuer, transport)
    if said.get("issuer") != issuer:
        raise ClientError("the OpenID provider calls itself by another name", code="login_failed")
    return Issuer(
        issuer=issuer,
        authorization_endpoint=_safe(str(said.get("authorization_endpoint", ""))),
        token_endpoint=_safe(str(said.get("token_endpoint", ""))),
    )


def begin(provider: Issuer, client_id: str, redirect_uri: str, scope: str = "openid") -> Attempt:
    """Return where to send the browser, and what to remember until it comes back."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    url = httpx.URL(provider.authorization_endpoint).copy_merge_params(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
    )
    return Attempt(
        url=str(url),
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=state,
        nonce=nonce,
        verifier=verifier,
    )


def exchange(
    provider: Issuer,
    attempt: Attempt,
    query: Mapping[str, str],
    transport: httpx.BaseTransport | None = None,
    *,
    client_secret: str = "",
) -> Login:
    """Make a token of what the browser came back with.

    A public client, such as a command line, has no secret; one that runs on a server may have.

    Raises
    ------
    ClientError
        If the provider refused, or the answer does not belong to the attempt.
    """
    if not secrets.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise _failed("the answer of the browser belongs to another log-in")
    if query.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        raise _failed("the answer of the browser is of another provider")
    if "error" in query or not query.get("code"):
        raise _failed("the OpenID provider did not let you in")
    given = _token(
        provider,
        {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": attempt.redirect_uri,
            "client_id": attempt.client_id,
            "code_verifier": attempt.verifier,
        },
        transport,
        client_secret,
    )
    claims = _identity(provider, attempt.client_id, given)
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
        raise _failed("the identity token belongs to another log-in")
    return _login(provider, attempt.client_id, str(claims.get("sub", "")), given)


def refresh(
    provider: Issuer,
    login: Login,
    transport: httpx.BaseTransport | None = None,
    *,
    client_secret: str = "",
) -> Login:
    """Return a log-in that goes on, for one with a refresh token.

    Raises
    ------
    ClientError
        If the provider does not let it go on.
    """
    given = _token(
        provider,
        {
            "grant_type": "refresh_token",
            "refresh_token": login.refresh_token,
            "client_id": login.client_id,
        },
        transport,
        client_secret,
    )
    if "id_token" in given:
        claims = _identity(provider, login.client_id, given)
        if claims.get("sub") != login.subject:
            raise _failed("the new token is of somebody else")
    return _login(
        provider, login.client_id, login.subject, {"refresh_token": login.refresh_token} | given
    )


def _token(
    provider: Issuer,
    form: Mapping[str, str],
    transport: httpx.BaseTransport | None,
    client_secret: str,
) -> dict[str, Any]:
    # PKCE binds the code to whoever began, with and without a secret.
    auth = httpx.BasicAuth(form["client_id"], client_secret) if client_secret else None
    return _read(
        lambda client: client.post(provider.token_endpoint, data=dict(form), auth=auth),
        provider.token_endpoint,
        transport,
    )


def _identity(provider: Issuer, client_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of the identity token.

    It came from the provider itself, which TLS has proved (OpenID Connect Core 3.1.3.7), and
    nothing is allowed here for what it says: the services verify the signature of what they get.
    """
    claims = _claims(given.get("id_token"))
    audience = claims.get("aud")
    if claims.get("iss") != provider.issuer:
        raise _failed("the identity token is of another provider")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise _failed("the identity token is for another client")
    return claims


def _login(provider: Issuer, client_id: str, subject: str, given: Mapping[str, Any]) -> Login:
    access, identity = given.get("access_token"), given.get("id_token")
    token = access if _is_jwt(access) else identity
    if not isinstance(token, str):
        raise _failed("the OpenID provider gave no token that a service could verify")
    until = _claims(token).get("exp")
    return Login(
        issuer=provider.issuer,
        client_id=client_id,
        subject=subject,
        expires_at=float(until) if isinstance(until, int | float) else 0.0,
        token=token,
        refresh_token=str(given.get("refresh_token") or ""),
    )


def _is_jwt(text: Any) -> bool:
    try:
        return bool(_claims(text))
    except ClientError:
        return False


def _claims(token: Any) -> dict[str, Any]:
    try:
        body = str(token).split(".")[1]
        return msgspec.json.decode(
            base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=dict[str, Any]
        )
    except (IndexError, binascii.Error, ValueError, msgspec.MsgspecError):
        raise _failed("the OpenID provider gave no token that can be read") from None


def _read(send: Any, url: str, transport: httpx.BaseTransport | None) -> dict[str, Any]:
    is_local = httpx.URL(url).host in _LOOPBACK
    try:
        with httpx.Client(
            timeout=_TIMEOUT_S, transport=transport, trust_env=not is_local
        ) as client:
            response = send(client)
        if response.status_code != httpx.codes.OK:
            raise _failed(f"the OpenID provider refuses: status {response.status_code}")
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except (httpx.HTTPError, msgspec.MsgspecError):
        raise _failed("the OpenID provider does not answer; check the address") from None


def _safe(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    is_local = parsed.scheme == "http" and parsed.host in _LOOPBACK
    if not parsed.host or not (parsed.scheme == "https" or is_local):
        raise _failed("an address of the OpenID provider must be https://")
    return url


def _failed(why: str) -> ClientError:
    return ClientError(why, code="login_failed")
