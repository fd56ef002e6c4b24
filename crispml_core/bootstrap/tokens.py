"""The tokens that a service takes, as its settings say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crispml_core.settings.security import AuthSettings

if TYPE_CHECKING:
    from crispml_core.adapters.oidc.provider import Provider
    from crispml_core.adapters.oidc.tokens import Tokens


@dataclass(frozen=True, slots=True)
class TokenParts:
    """Who opens tokens, and whose keys they are signed with."""

    provider: Provider
    tokens: Tokens


def build_tokens(auth: AuthSettings) -> TokenParts | None:
    """Return what opens tokens; None where no issuer is set. Nothing is read yet."""
    if not auth.oidc_issuer or auth.mode == "off":
        return None
    from crispml_core.adapters.oidc.provider import Provider  # loads libraries that few need
    from crispml_core.adapters.oidc.tokens import Tokens

    provider = Provider(auth.oidc_issuer)
    return TokenParts(
        provider,
        Tokens(
            provider,
            audience=auth.oidc_audience,
            roles_claim=auth.oidc_roles_claim,
            types=auth.oidc_tokens,
            leeway_s=auth.oidc_leeway_s,
        ),
    )
