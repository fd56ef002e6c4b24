"""The evidence of a score as the page tells it."""

from __future__ import annotations

from typing import Any

import pytest

from crispml_console.pages.scores import evidence, held
from crispml_console.pages.scores.dossier import Dossier, read
from crispml_console.pages.scores.story import story
from crispml_console.parts.moments import moment_of, text_of
from crispml_console.parts.timeline import timeline
from crispml_core.client import Field

AT = "2026-03-01T12:00:00Z"


def dossier(**changes: Any) -> Dossier:
    """Return a dossier of a credit that was refused, corrected twice and scored again."""
    content: dict[str, Any] = {
        "schema_version": 2,
        "at": "2026-04-01T00:00:00Z",
        "environment": "prod",
        "score": {
            "score_id": "s1",
            "group_id": "g",
            "row": 0,
            "record_key": "C-1",
            "use_case": "credit",
            "model": "credit",
            "version": "v1",
            "prediction": "bad",
            "probability": 0.4,
            "scored_at": AT,
            "request_id": "r",
        },
        "input": {"amount": 5, "street": {"privacy": "erased"}},
        "group": {
            "group_id": "g",
            "writer_id": "w",
            "sequence": 1,
            "committed_at": AT,
            "rows": 3,
            "alias": "champion",
            "fallback": False,
        },
        "chain": {
            "row_digest": "aa",
            "root": "bb",
            "row_is_as_stored": True,
            "root_follows": True,
            "verified": True,
        },
        "labels": [
            label("l2", "good", "2026-03-20T00:00:00Z", is_current=True, supersedes="l1"),
            label("l1", "bad", "2026-03-10T00:00:00Z", is_current=False),
        ],
        "later_scores": [
            {"score_id": "s2", "scored_at": "2026-03-05T00:00:00Z", "version": "v2",
             "prediction": "good"}
        ],
    }  # fmt: skip
    return read(content | changes)


def label(id_: str, value: str, received: str, **more: Any) -> dict[str, Any]:
    return {
        "label_id": id_,
        "value": value,
        "label_time": received,
        "received_at": received,
        **more,
    }


def test_the_time_line_tells_what_happened_in_its_order():
    text = str(timeline(story(dossier())))
    told = ["Answered bad", "Scored again: good", "Truth: bad", "Truth corrected to good"]
    places = [text.index(what) for what in told]
    assert places == sorted(places)
    assert "corrected since" in text
    assert "score=s2" in text


def test_only_the_truth_that_counts_says_whether_the_answer_was_right():
    states = {one.what: one.state for one in story(dossier())}
    assert states["Truth corrected to good"] == "bad"
    assert states["Truth: bad"] == ""


def test_each_field_has_its_policy_and_what_is_left_of_its_value():
    fields = [
        Field("amount", "integer"),
        Field("street", "string", privacy="encrypt"),
        Field("name", "string", privacy="drop"),
    ]
    text = str(evidence.inputs(dossier().input, fields))
    assert ">erased<" in text
    assert ">not stored<" in text
    assert ">encrypt<" in text
    assert ">drop<" in text


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ({"row_is_as_stored": False, "root_follows": True}, "the row was altered"),
        ({"row_is_as_stored": True, "root_follows": False}, "the root does not follow"),
    ],
)
def test_a_broken_chain_is_said(chain: dict[str, bool], said: str):
    broken = {"row_digest": "aa", "root": "bb", "verified": False, **chain}
    text = str(evidence.answer(dossier(chain=broken)))
    assert said in text
    assert "as stored" not in text


def test_what_could_not_be_had_is_named():
    found = dossier(missing=["data set d1: not in this registry"])
    assert "data set d1: not in this registry" in str(evidence.missing(found.missing))
    assert evidence.missing(()) is None


def test_a_probability_of_zero_is_a_probability():
    score = {
        "score_id": "s1", "group_id": "g", "row": 0, "record_key": "C-1", "use_case": "credit",
        "model": "credit", "version": "v1", "prediction": "good", "probability": 0.0,
        "scored_at": AT, "request_id": "r",
    }  # fmt: skip
    assert "0.0 %" in str(evidence.answer(dossier(score=score)))


def certificate(**changes: Any) -> dict[str, Any]:
    return {
        "erasure_id": "e",
        "environment": "prod",
        "subject_key_id": "k",
        "key_made_at": AT,
        "erased_at": AT,
        "requested_by": "key:ann",
        "reason": "case 1",
        "use_cases": {
            "credit": {
                "scores": 2, "labels": 1, "fields": {"keep": ["amount"], "encrypt": ["street"]}
            }
        },
        "data_sets": [
            {"id": "d", "use_case": "credit", "stage": "raw", "rows": 1, "ends_with_key": False}
        ],
        "audit": {"sequence": 7, "digest": "aa"},
        **changes,
    }  # fmt: skip


def shown(found: dict[str, Any]) -> str:
    return str(
        held.certificate(
            {"certificate": found, "is_new": True, "files_are_clean": True}, "Download"
        )
    )


def test_a_certificate_says_what_is_gone_and_what_is_not():
    text = shown(certificate())
    assert "unreadable" in text
    assert "as they were" in text
    assert "still in clear" in text
    assert "had no key" not in text


def test_an_erasure_without_a_key_claims_nothing():
    assert "had no key" in shown(certificate(key_made_at=None))


def test_a_moment_in_an_address_is_read_without_loss():
    moment = moment_of("2026-03-01T12:00:00.123456+01:00")
    assert text_of(moment) == "2026-03-01T11:00:00.123456Z"
    assert moment_of(text_of(moment)) == moment
    assert moment_of("yesterday") is None
    assert text_of(None) == ""
