"""A bundle is taken in only from who wrote it."""

import json

import pytest

from crispml_core.domain.bundles import ENVIRONMENTS, PromotionRefused
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.signatures import Signature
from crispml_core.pipelines.bundles import contents
from crispml_core.pipelines.bundles.authors import BundleAuthors
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier
from tests.unit.pipelines.bundles.test_bad_bundles import packed, refused, resealed

KEYS = {name: FakeSigner(name) for name in ENVIRONMENTS}
TRUSTED = {name: FakeVerifier([signer]) for name, signer in KEYS.items()}


@pytest.fixture
def signing(environment):
    """Make environments that sign with a key of their own and know those of the others."""

    def make(name, authors=None):
        return environment(name, signer=KEYS[name], authors=authors or BundleAuthors(TRUSTED))

    return make


@pytest.fixture
def signed(approved, signing):
    """The members of the bundle that qa approved, signed by qa."""
    return signed_by("qa", approved.members)


def signed_by(name, members):
    """Put the signature of an environment behind the index of a bundle."""
    parts = {key: content for key, content in members.items() if key != "signature.json"}
    index = parts.pop("bundle.json")
    seal = KEYS[name].sign(index).encode()
    return {"bundle.json": index, "signature.json": seal, **parts}


def test_what_qa_signed_is_taken_by_prod_and_may_answer_there(signing, approved, signed):
    prod = signing("prod")
    outcome = prod.take_in(packed(signed))

    assert outcome.published
    assert prod.stores.imports.find()[0].evidence["key_id"] == KEYS["qa"].key_id
    assert prod.current("fallback") == approved.version
    prod.move("champion", approved.version)


def test_an_export_is_signed_and_the_same_content_gives_the_same_bytes(signing):
    qa = signing("qa")
    version = qa.train()["best"]
    content = qa.export(version)
    members = qa.members(content)

    assert list(members)[:2] == ["bundle.json", "signature.json"]
    signature = Signature.decode(members["signature.json"])
    TRUSTED["qa"].verify(members["bundle.json"], signature)
    assert qa.export(version) == content
    assert signing("prod").take_in(content).published


def test_a_bundle_that_nobody_signed_is_taken_only_where_that_is_permitted(signing, approved):
    said = refused(signing("prod"), packed(approved.members))
    assert "not signed" in said

    dev = signing("dev", BundleAuthors(TRUSTED, takes_unsigned=True))
    assert dev.take_in(packed(approved.members)).published
    assert dev.stores.imports.find()[0].evidence["key_id"] is None


@pytest.mark.parametrize("place", [0, 50, -3])
def test_a_changed_index_or_signature_is_refused_unread(signing, signed, monkeypatch, place):
    def parsed(content):
        raise AssertionError("this was parsed")

    monkeypatch.setattr(contents, "_index", parsed)
    for name in ("bundle.json", "signature.json"):
        changed = bytearray(signed[name])
        changed[place] ^= 1
        said = refused(signing("prod"), packed({**signed, name: bytes(changed)}))
        assert said.startswith("signature.json: no key that is trusted here")


def test_a_signature_over_another_bundle_does_not_count(signing, signed):
    other = {**signed, "signature.json": KEYS["qa"].sign(b"another index").encode()}
    assert "no key that is trusted" in refused(signing("prod"), packed(other))


def test_an_unknown_key_does_not_count(signing, signed):
    stranger = {**signed, "signature.json": FakeSigner("x").sign(signed["bundle.json"]).encode()}
    assert "no key that is trusted" in refused(signing("prod"), packed(stranger))


def test_who_changes_a_member_and_makes_digests_fit_has_no_signature_for_it(signing, signed):
    approvals = json.loads(signed["approvals.json"])
    approvals[0]["moved_by"] = "mallory"
    forged = resealed({**signed, "approvals.json": json.dumps(approvals).encode()})
    refused(signing("prod"), forged)


def test_dev_cannot_write_a_bundle_in_the_name_of_qa(signing, approved):
    forged = packed(signed_by("dev", approved.members))
    said = refused(signing("prod"), forged)
    assert "another environment than the one whose key signed it" in said


def test_dev_cannot_forge_an_approval_of_qa(signing, approved):
    index = json.loads(approved.members["bundle.json"])
    index["environment"] = "dev"
    parts = {**approved.members, "bundle.json": json.dumps(index).encode()}
    seal = contents.seal_of(contents._sha256(parts["bundle.json"]))
    forged = packed(signed_by("dev", {**parts, "bundle.sha256": seal}))
    prod = signing("prod")

    outcome = prod.take_in(forged)

    assert outcome.approvals == ()
    assert "approvals that dev cannot vouch for were left out" in outcome.notes
    assert prod.current("fallback") is None
    with pytest.raises(PromotionRefused, match="qa never approved"):
        prod.move("champion", approved.version)


def test_qa_vouches_for_what_dev_did(signing):
    dev, qa, prod = signing("dev"), signing("qa"), signing("prod")
    version = dev.train()["best"]
    dev.move("champion", version)
    qa.take_in(dev.export(version))
    qa.move("champion", version)

    outcome = prod.take_in(qa.export(version))

    assert [approval.environment for approval in outcome.approvals] == ["dev", "qa"]


def test_where_signing_is_off_a_signature_says_nothing(environment, signed):
    off = environment("dev")
    broken = {**signed, "signature.json": b"anything"}
    assert off.take_in(packed(broken)).published


def test_a_key_of_an_environment_that_is_not_trusted_any_more_is_refused(signing, signed):
    authors = BundleAuthors({**TRUSTED, "qa": FakeVerifier()})
    with pytest.raises(InvalidInput, match="no key that is trusted here"):
        signing("prod", authors).take_in(packed(signed))
