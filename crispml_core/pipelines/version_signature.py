"""Signing a version that has no signature which counts here."""

from __future__ import annotations

from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.domain.signatures import SignedVersion
from crispml_core.pipelines.stores import TrainingStores


def sign_again(stores: TrainingStores, model: str, version: str) -> SignedVersion:
    """Sign a version with the key of this environment, after its bytes were verified.

    Each file is held against the manifest, and the manifest against every move of an alias that
    bound its digest.

    Raises
    ------
    NotFound
        If there is no such version.
    PromotionRefused
        In prod, where a version comes with a bundle or from a training.
    RegistryDamaged
        If its bytes are not those that they were.
    """
    if stores.rules.is_strict:
        raise PromotionRefused(
            "prod signs only what it trains and what a bundle brings: import the bundle of the "
            "version again, or train a new one"
        )
    digest = stores.models.raw_digest(model, version)
    bound = {move.digest for move in stores.aliases.moves_to(model, version) if move.digest}
    if bound - {digest}:
        raise RegistryDamaged(
            "the manifest of this version is not the one that an alias was moved to: restore it "
            "from a backup, or train a new version"
        )
    stores.models.sign(model, version, digest)
    return who_signed(stores, model, version)


def who_signed(stores: TrainingStores, model: str, version: str) -> SignedVersion:
    """Return who vouches for a version.

    Raises
    ------
    NotFound
        If there is no such version.
    UntrustedSignature
        If nobody who is trusted here does.
    """
    signature = stores.models.signature(model, version)
    return SignedVersion(
        model=model,
        version=version,
        digest=stores.models.digest(model, version),
        key_id=None if signature is None else signature.key_id,
    )
