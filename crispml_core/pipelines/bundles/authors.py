"""Who wrote a bundle: the environment whose key signed its index."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from crispml_core.domain.bundles import ENVIRONMENTS, SIGNATURE, Approval
from crispml_core.domain.errors import InvalidInput, UntrustedSignature
from crispml_core.domain.signatures import Signature
from crispml_core.ports.signer import Verifier


@dataclass(frozen=True, slots=True)
class BundleAuthors:
    """Knows the keys of every environment.

    Parameters
    ----------
    verifiers : mapping
        What verifies the signatures of an environment, by its name; empty where signing is off.
    takes_unsigned : bool
        Whether a bundle may come without a signature.
    """

    verifiers: Mapping[str, Verifier] = field(default_factory=dict)
    takes_unsigned: bool = False

    def author_of(self, index: bytes, signature: bytes | None) -> str | None:
        """Return the environment that signed an index; nothing of it was parsed yet.

        None where signing is off, or for a bundle without a signature where that is permitted.

        Raises
        ------
        InvalidInput
            If no trusted key signed these bytes.
        """
        if not self.verifiers:
            return None
        if signature is None:
            if self.takes_unsigned:
                return None
            raise InvalidInput(
                "the bundle is not signed: export it again where CRISPML_SIGNING__MODE is required"
            )
        for environment, verifier in self.verifiers.items():
            with suppress(UntrustedSignature):
                verifier.verify(index, Signature.decode(signature))
                return environment
        raise InvalidInput(
            f"{SIGNATURE}: no key that is trusted here has signed this bundle as it is: send it "
            "again, or put the public key of where it comes from among those that "
            "CRISPML_SIGNING__TRUSTED names"
        )


def vouched(approvals: tuple[Approval, ...], author: str | None) -> tuple[Approval, ...]:
    """Return the approvals that a bundle of an environment proves.

    An environment vouches for its own moves of aliases and for those of the ones before it. Else
    whoever has the key of dev could write down that qa approved something.

    Parameters
    ----------
    author : str or None
        Whose key signed the bundle; None where signing is off.
    """
    if author is None:
        return approvals
    before = ENVIRONMENTS[: ENVIRONMENTS.index(author) + 1]
    return tuple(approval for approval in approvals if approval.environment in before)
