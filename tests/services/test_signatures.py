"""Who vouches for a version, over REST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crispml_core.governance.promotion import PromotionRules
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier

VERSION = "20260101-000000-abcdef01"
PATH = f"/api/v1/models/toy/versions/{VERSION}"


@pytest.fixture
def unsigned(training: Any, scoring: Any) -> Any:
    """A training service that asks for signatures, with a version from before there were any."""
    manifest = scoring.parts.models.get("toy", VERSION)
    models = training.parts.models
    models.publish(manifest, {"model.skops": b"m", "golden.json": b"[]"})
    models.signer = FakeSigner("a")
    models.verifier = FakeVerifier([models.signer])
    return training


def test_a_version_from_before_signatures_is_signed_anew_after_it_was_verified(
    unsigned: Any,
) -> None:
    refused = unsigned.client.get(PATH)
    assert (refused.status_code, refused.json()["code"]) == (503, "untrusted_signature")
    assert unsigned.client.get(f"{PATH}/signature").status_code == 503

    signed = unsigned.client.post(f"{PATH}/signature")

    assert signed.status_code == 200
    assert signed.json()["key_id"] == FakeSigner("a").key_id
    assert unsigned.client.get(f"{PATH}/signature").json() == signed.json()
    assert unsigned.client.get(PATH).json()["digest"] == signed.json()["digest"]


def test_an_alias_does_not_move_to_a_version_that_is_not_signed(unsigned: Any) -> None:
    moved = unsigned.client.put(
        "/api/v1/models/toy/aliases/champion", json={"version": VERSION, "reason": "good"}
    )
    assert (moved.status_code, moved.json()["code"]) == (503, "untrusted_signature")


def test_other_bytes_than_those_an_alias_was_moved_to_are_not_signed(unsigned: Any) -> None:
    unsigned.parts.aliases.move(
        "toy", "champion", VERSION, expected=None, digest="0" * 64, reason="good"
    )
    refused = unsigned.client.post(f"{PATH}/signature")
    assert (refused.status_code, refused.json()["code"]) == (503, "registry_damaged")
    assert unsigned.client.get(PATH).status_code == 503


def test_prod_signs_nothing_anew(unsigned: Any) -> None:
    unsigned.parts.training.stores = replace(
        unsigned.parts.training.stores, rules=PromotionRules(environment="prod")
    )
    refused = unsigned.client.post(f"{PATH}/signature")
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_refused")
    assert "import the bundle" in refused.json()["detail"]


def test_an_unknown_version_is_not_found(unsigned: Any) -> None:
    for ask in (unsigned.client.get, unsigned.client.post):
        answer = ask(f"{PATH.replace(VERSION, 'CANARY')}/signature")
        assert answer.status_code == 404
        assert "CANARY" not in answer.text
