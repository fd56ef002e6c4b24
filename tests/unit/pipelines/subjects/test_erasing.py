"""An erasure destroys one key, says what it did, and changes nothing else."""

import hashlib
import json

import pytest

from crispml_core.domain.audit import ASKED, DONE
from crispml_core.domain.erasures import signed_bytes
from crispml_core.domain.errors import StoreUnavailable, UntrustedSignature
from crispml_core.domain.signatures import Signature
from crispml_core.serving.stored_inputs import verify_rows
from crispml_core.testing.fakes.signer import FakeSigner, FakeVerifier


def test_the_certificate_says_what_is_unreadable_and_what_is_not(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0), ("c-2", "bert", "Weg 9", 20.0))
    world.label("claims", "c-1")
    clear = world.dataset("people", world.people("anna", "bert", "anna"))
    made_at = world.keys.keys[world.vault.identify("anna")].created_at

    done = world.erase("anna")

    certificate = done.certificate
    assert (done.is_new, done.files_are_clean) == (True, True)
    assert certificate["kind"] == "erasure"
    assert certificate["key_made_at"] == made_at.isoformat()
    assert (certificate["requested_by"], certificate["reason"]) == ("key:dpo", "case 4711")
    assert certificate["use_cases"] == {
        "claims": {
            "scores": 1,
            "labels": 1,
            "fields": {
                "keep": ["claim", "amount"],
                "pseudonymise": ["person"],
                "encrypt": ["street"],
            },
        }
    }
    assert certificate["data_sets"] == [
        {"id": clear, "use_case": "people", "stage": "raw", "rows": 2, "ends_with_key": False}
    ]
    text = json.dumps(certificate)
    assert "anna" not in text
    assert "Gasse" not in text


def test_only_one_key_goes_and_the_chain_of_scores_stays(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0), ("c-2", "bert", "Weg 9", 20.0))
    before = world.ledger.groups

    world.erase("anna")

    anna, bert = (world.keys.keys[world.vault.identify(name)] for name in ("anna", "bert"))
    assert (anna.is_destroyed, bert.is_destroyed) == (True, False)
    assert world.ledger.groups == before
    assert verify_rows(world.ledger.groups[0]) == []


def test_this_process_has_forgotten_the_key_on_return(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0))

    world.erase("anna")
    (later,) = world.score("claims", ("c-2", "anna", "Gasse 8", 10.0))

    group = world.ledger.group(later.group_id)
    assert b"Gasse 8" not in group.inputs
    assert b"enc1." not in group.inputs


def test_a_second_erasure_changes_nothing(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0))
    first = world.erase("anna")
    entries = len(world.log.kept)

    second = world.erase("anna")

    assert second.certificate == first.certificate
    assert (first.is_new, second.is_new) == (True, False)
    assert len(world.log.kept) == entries
    assert len(world.erasures.erasures) == 1


def test_the_audit_log_knows_it_before_and_after(world):
    done = world.erase("anna")

    before, after = (entry.event for entry in world.log.kept)
    assert (before.outcome, after.outcome) == (ASKED, DONE)
    assert done.certificate["audit"] == {
        "sequence": 1,
        "digest": world.log.kept[0].digest.hex(),
    }
    digest = hashlib.sha256(signed_bytes(done.certificate)).hexdigest()
    assert after.detail == {"asked": 1, "certificate": digest}
    assert "anna" not in f"{before}{after}"


def test_a_signed_certificate_can_be_laid_out_anew_and_not_changed(world):
    certificate = world.erase("anna", world.signer).certificate
    again = json.loads(json.dumps(certificate, indent=3, sort_keys=True))
    given = again["signature"]
    signature = Signature(given["key_id"], bytes.fromhex(given["value"]))

    FakeVerifier([world.signer]).verify(signed_bytes(again), signature)

    with pytest.raises(UntrustedSignature):
        FakeVerifier([world.signer]).verify(
            signed_bytes(again | {"erased_at": "2020-01-01"}), signature
        )
    with pytest.raises(UntrustedSignature):
        FakeVerifier([FakeSigner("other")]).verify(signed_bytes(again), signature)


@pytest.mark.parametrize("away", ["audit", "erasures"])
def test_nothing_is_claimed_while_a_store_is_away(world, away, monkeypatch):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0))

    def fail(*_):
        raise StoreUnavailable("away")

    if away == "audit":
        world.log.is_away = True
    else:
        monkeypatch.setattr(world.erasures, "commit", fail)

    with pytest.raises(StoreUnavailable):
        world.erase("anna")

    assert world.erasures.erasures == []
    assert not world.keys.keys[world.vault.identify("anna")].is_destroyed
