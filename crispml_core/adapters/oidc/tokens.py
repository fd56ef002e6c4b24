"""Who asks with a token of an OpenID provider (RFC 9068, RFC 8725)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import jwt

from crispml_core.adapters.oidc.provider import Provider
from crispml_core.domain.access import Grant, Principal
from crispml_core.domain.errors import InvalidInput

# Signed with a private key only: a secret that is shared with the provider is no proof, and
# whoever knows a public key must not be able to use it as one.
_FAMILIES: Mapping[str, tuple[str, str | None]] = {
    **{f"{kind}{bits}": ("RSA", None) for kind in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
_TYPES = {"at+jwt": {"at+jwt", "application/at+jwt"}, "jwt": {"jwt", "application/jwt", ""}}
_TYPES["jwt"] |= _TYPES["at+jwt"]
_LARGEST, _MOST_ROLES, _LEAST_RSA_BITS = 8 * 1024, 200, 2048
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


class Tokens:
    """Opens the tokens of one provider; see `crispml_core.rest.access.gate.Opener`.

    Parameters
    ----------
    provider : Provider
    audience : str
        What ``aud`` must name.
    roles_claim : str
        Claim with the grants: a list of texts, or one text with spaces. With dots it leads into
        objects, as in ``realm_access.roles``.
    types : {"at+jwt", "jwt"}
        Which ``typ`` a token may have: that of an access token by RFC 9068, or of any JWT too, for
        providers that do not tell them apart.
    leeway_s : float
        How far the clock of the provider may be off.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        audience: str,
        roles_claim: str = "roles",
        types: Literal["at+jwt", "jwt"] = "at+jwt",
        leeway_s: float = 30.0,
    ) -> None:
        self._provider, self._audience, self._leeway_s = provider, audience, leeway_s
        self._roles_claim, self._types = roles_claim, _TYPES[types]

    def __call__(self, credential: str) -> tuple[Principal, float] | None:
        """Return who asks, and until when that holds in seconds of the epoch; None if nobody.

        May wait for the provider.
        """
        if len(credential) > _LARGEST:
            return None
        try:
            header = jwt.get_unverified_header(credential)
            key = self._key(header)
            if key is None:
                return None
            claims = jwt.decode(
                credential,
                key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._provider.issuer,
                leeway=self._leeway_s,
                options={"require": _REQUIRED},
            )
            until = float(claims["exp"]) + self._leeway_s
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        subject = claims["sub"]
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            return None
        if not math.isfinite(until):
            return None
        return Principal(f"user:{subject}", self._grants(claims)), until

    def _key(self, header: Mapping[str, Any]) -> Any:
        """Return the key that a header names, if it fits the algorithm; None else."""
        algorithm, key_id = header.get("alg"), header.get("kid")
        family = _FAMILIES.get(algorithm) if isinstance(algorithm, str) else None
        kind = str(header.get("typ") or "").lower()
        if family is None or kind not in self._types:
            return None
        if "crit" in header or header.get("b64") is False:
            return None  # it asks for an extension that nobody here understands
        known = self._provider.key(key_id)
        if known is None or (known.get("kty"), known.get("crv")) != family:
            return None
        if known.get("alg") not in (None, algorithm):
            return None
        key = jwt.PyJWK(dict(known), algorithm).key
        if family[0] == "RSA" and key.key_size < _LEAST_RSA_BITS:
            return None
        return key

    def _grants(self, claims: Mapping[str, Any]) -> tuple[Grant, ...]:
        found: Any = claims.get(self._roles_claim)
        if found is None:
            found = claims
            for part in self._roles_claim.split("."):
                found = found.get(part) if isinstance(found, dict) else None
        texts = found.split() if isinstance(found, str) else found
        grants = set()
        for text in texts[:_MOST_ROLES] if isinstance(texts, list) else ():
            try:
                grants.add(Grant.parse(str(text)))
            except InvalidInput:
                continue  # a role of another application
        return tuple(sorted(grants))
