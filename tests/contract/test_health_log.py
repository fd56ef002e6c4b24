"""What every health log does."""

from __future__ import annotations

import threading

import pytest

from crispml_core.domain.errors import IdempotencyKeyReused
from crispml_core.domain.health import HealthPolicy

POLICY = HealthPolicy(failure_threshold=2, success_threshold=3)


@pytest.fixture
def health(stores):
    return stores.health


@pytest.fixture
def judge(health):
    def judge(version, healthy, model="credit", **more):
        return health.judge(
            model, version, healthy=healthy, **{"reason": "r", "policy": POLICY} | more
        )

    return judge


def test_a_verdict_comes_back_as_it_was_given(stores, health, judge):
    verdict = judge("v1", False, reason="auc is 0.6", judged_by="monitor", evidence="report-1")

    assert (verdict.model, verdict.version, verdict.sequence) == ("credit", "v1", 1)
    assert (verdict.healthy, verdict.streak, verdict.fit) == (False, 1, True)
    assert (verdict.reason, verdict.judged_by, verdict.evidence) == (
        "auc is 0.6",
        "monitor",
        "report-1",
    )
    assert verdict.judged_at == stores.clock()
    assert health.current("credit") == {"v1": verdict}
    assert health.history("credit", "v1") == [verdict]


def test_it_takes_as_many_verdicts_in_a_row_as_the_policy_says(judge):
    given = [False, True, False, False, True, True, False, True, True, True]

    assert [judge("v1", healthy).fit for healthy in given] == [
        *(True, True, True, False, False, False, False, False, False, True)
    ]


def test_versions_and_models_are_judged_on_their_own(health, judge):
    judge("v1", False)
    judge("v2", False)
    judge("v1", False, model="churn")
    last = judge("v1", False)

    assert (last.sequence, last.streak, last.fit) == (3, 2, False)
    assert health.current("credit")["v2"].fit
    assert health.current("churn")["v1"].fit
    assert health.highest() == {"credit": 3, "churn": 1}


def test_a_repeated_request_is_judged_once(health, judge):
    first = judge("v1", False, idempotency_key="k", fingerprint="f")

    assert judge("v1", False, idempotency_key="k", fingerprint="f") == first
    with pytest.raises(IdempotencyKeyReused):
        judge("v1", True, idempotency_key="k", fingerprint="g")
    assert health.history("credit", "v1") == [first]
    assert judge("v2", False, idempotency_key="k", fingerprint="f").version == "v2"


def test_many_verdicts_at_once_are_numbered_one_after_the_other(health, judge):
    threads = [threading.Thread(target=judge, args=("v1", False)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [verdict.sequence for verdict in health.history("credit", "v1")] == [5, 4, 3, 2, 1]
    assert [verdict.streak for verdict in health.history("credit", "v1")] == [5, 4, 3, 2, 1]


def test_times_follow_the_sequence_when_a_clock_goes_back(stores, judge):
    first = judge("v1", True)
    stores.clock.advance(-60)

    assert judge("v1", True).judged_at >= first.judged_at


def test_a_model_that_nobody_judged_has_no_verdicts(health):
    assert health.current("credit") == health.highest() == {}
    assert health.history("credit", "v1") == []
