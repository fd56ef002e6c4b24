"""The chain of the audit log names the first entry that is not what it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.audit import NO_DIGEST, AuditEvent, AuditHead
from crispml_core.governance.audit_chain import chained, entry_digest, follow, head_bytes

NOON = datetime(2026, 3, 1, 12, 0, 0, 5, UTC)


def event(number, **changes):
    facts = {"actor": "key:ann", "action": "put_alias", "resource": f"n={number}"}
    return AuditEvent(occurred_at=NOON, **facts | changes)


def chain(length=6):
    return chained([event(n) for n in range(length)], AuditHead())


def test_a_digest_is_what_the_documentation_says():
    content = [1, "2026-03-01T12:00:00.000005+00:00", "a", "b", "ü", None, "qa", "", "r", "200"]
    text = json.dumps([*content, {"x": 1}], separators=(",", ":"), sort_keys=True)
    given = AuditEvent(
        actor="a",
        action="b",
        resource="ü",
        environment="qa",
        request_id="r",
        outcome="200",
        detail={"x": 1},
        occurred_at=NOON,
    )

    assert entry_digest(NO_DIGEST, 1, given) == hashlib.sha256(bytes(32) + text.encode()).digest()


def test_a_whole_chain_is_followed_to_its_end_in_parts():
    entries = chain()
    head, fault = follow(AuditHead(), entries[:4])
    assert (head.sequence, fault) == (4, None)
    assert follow(head, entries[4:]) == (AuditHead(6, entries[5].digest), None)
    assert follow(AuditHead(), []) == (AuditHead(), None)


@given(
    at=st.integers(0, 5),
    changes=st.sampled_from(
        [
            {"actor": "key:eve"},
            {"action": "get_score"},
            {"resource": "n=99"},
            {"use_case": "credit"},
            {"environment": "prod"},
            {"origin": "10.0.0.1"},
            {"request_id": "x"},
            {"outcome": "403"},
            {"detail": {"query": []}},
            {"occurred_at": datetime(2026, 3, 1, 12, 0, 0, 6, UTC)},
        ]
    ),
)
def test_whatever_is_altered_is_named(at, changes):
    entries = chain()
    entries[at] = replace(entries[at], event=replace(entries[at].event, **changes))

    _, fault = follow(AuditHead(), entries)

    assert fault is not None
    assert fault.where == f"audit_entries {at + 1}"
    assert "altered" in fault.what


@given(at=st.integers(0, 4))
def test_what_is_missing_is_named(at):
    entries = chain()
    del entries[at]
    _, fault = follow(AuditHead(), entries)
    assert fault.where == f"audit_entries {at + 1}"
    assert "missing" in fault.what


@given(at=st.integers(0, 4))
def test_two_that_changed_their_places_are_named(at):
    entries = chain()
    first, second = entries[at], entries[at + 1]
    entries[at] = replace(second, sequence=first.sequence)
    entries[at + 1] = replace(first, sequence=second.sequence)
    _, fault = follow(AuditHead(), entries)
    assert fault.where == f"audit_entries {at + 1}"


def test_one_that_was_made_again_breaks_the_next():
    entries = chain()
    entries[2] = chained([event(99)], AuditHead(2, entries[1].digest))[0]
    _, fault = follow(AuditHead(), entries)
    assert fault.where == "audit_entries 4"
    assert "does not follow" in fault.what


def test_what_is_signed_names_number_and_digest():
    assert head_bytes(AuditHead(7, b"\x01" * 32)) == b"crispml-audit-head:7:" + b"01" * 32


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\x7fb", "a\ud800b"])
def test_no_text_of_a_caller_has_control_characters(text):
    assert AuditEvent(actor=text, action="x").actor == "a\N{REPLACEMENT CHARACTER}b"


def test_texts_are_cut_by_bytes_and_never_in_the_middle_of_a_character():
    made = AuditEvent(actor="x" + "ü" * 200, action="y", use_case="z" * 90)
    assert len(made.actor.encode()) == 255
    assert made.actor == "x" + "ü" * 127
    assert made.use_case == "z" * 63
