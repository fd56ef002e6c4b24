"""What every log of decisions about versions does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crispml_core.domain.approval import DecisionKind, VersionDecision
from crispml_core.domain.identifiers import new_id_text


@pytest.fixture
def approvals(stores):
    return stores.approvals


@pytest.fixture
def decision(stores):
    def make(kind=DecisionKind.APPROVAL, version="v1", **changes):
        facts = {
            "approval_id": new_id_text(),
            "model": "credit",
            "digest": "d" * 64,
            "report_digest": "e" * 64,
            "environment": "prod",
            "decided_by": "user:ann",
            "decided_at": stores.clock(),
            "reason": "meeting 12, Größe ≥ 3",
            "evidence": {"checklist": [{"name": "gate auc", "verdict": "met"}]},
        }
        return VersionDecision(kind=kind, version=version, **facts | changes)

    return make


@pytest.mark.parametrize("kind", DecisionKind)
def test_a_decision_comes_back_as_it_was_given(approvals, decision, kind):
    given = decision(kind)
    assert approvals.add(given) == given
    (kept,) = approvals.decisions("credit", "v1")
    assert kept == given
    assert isinstance(kept.kind, DecisionKind)


def test_the_same_decision_again_changes_nothing(approvals, decision):
    given = decision()
    approvals.add(given)
    approvals.add(given)
    assert approvals.decisions("credit", "v1") == [given]


def test_decisions_are_of_one_model_and_version_oldest_first(stores, approvals, decision):
    for kind in DecisionKind:
        approvals.add(decision(kind))
        stores.clock.advance(1)
    approvals.add(decision(version="v2"))
    approvals.add(decision(model="churn"))
    assert [one.kind for one in approvals.decisions("credit", "v1")] == list(DecisionKind)
    assert approvals.decisions("credit", "v9") == []


def test_a_clock_that_goes_back_changes_no_order(stores, approvals, decision):
    first = approvals.add(decision())
    stores.clock.advance(-60)
    second = approvals.add(decision(DecisionKind.REFUSAL))
    assert second.decided_at == first.decided_at + timedelta(microseconds=1)
    assert [one.kind for one in approvals.decisions("credit", "v1")] == [
        DecisionKind.APPROVAL,
        DecisionKind.REFUSAL,
    ]


def test_broken_glass_is_found_by_model(stores, approvals, decision):
    for version in ("v1", "v2"):
        approvals.add(decision(version=version))
        approvals.add(decision(DecisionKind.BREAK_GLASS, version=version))
        stores.clock.advance(1)
    approvals.add(decision(DecisionKind.BREAK_GLASS, model="churn"))
    assert [one.version for one in approvals.broken_glass("credit")] == ["v1", "v2"]


def test_many_decisions_at_once_are_all_kept(approvals, decision):
    threads = [threading.Thread(target=approvals.add, args=(decision(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(approvals.decisions("credit", "v1")) == 6
