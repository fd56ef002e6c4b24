"""Drift, the challenger, and the actions that belong to them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crispml_core import Condition, Monitoring, Rule
from crispml_core.domain.errors import InvalidInput
from crispml_core.governance.rules.conditions import judge
from crispml_core.governance.rules.decisions import History, decide
from crispml_core.governance.rules.declared import check_rules
from crispml_core.governance.rules.facts import Facts
from crispml_core.governance.rules.findings import Finding
from crispml_core.monitoring.names import KPI_NAMES

AT = datetime(2026, 3, 1, tzinfo=UTC)


def a_field(name, **statistics):
    values = {statistic: {"value": value} for statistic, value in statistics.items()}
    return {"field": name, "statistics": values}


DRIFT = {
    "reason": None,
    "fields": [a_field("amount", psi=0.3, missing_rate=0.0), a_field("items", psi=0.05)],
    "alerts": [{"field": "amount", "statistic": "psi", "value": 0.3, "threshold": 0.1}],
}
WINS = Rule("wins", Condition("challenger", "promote"), action="promote")


@pytest.fixture
def watched(toy):
    return lambda *rules, **policy: replace(toy, monitoring=Monitoring(rules=rules, **policy))


def facts(**known):
    return Facts(**{"at": AT, "champion": "v1", "drift": {30.0: DRIFT}} | known)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("drift"), True),
        (Condition("drift", "psi"), True),
        (Condition("drift", "kolmogorov_smirnov"), False),
        (Condition("drift", field="amount"), True),
        (Condition("drift", field="items"), False),
        # With a bound the effect alone counts, whatever the policy says about it.
        (Condition("drift", "psi", above=0.04, field="items"), True),
        (Condition("drift", "psi", above=0.3), False),
        (Condition("drift", "psi", at_least=0.3), True),
        (Condition("drift", "mean_shift", above=0.1), None),
    ],
)
def test_drift(watched, condition, expected):
    use_case = watched(Rule("drifts", condition))
    holds, findings = judge(use_case.monitoring.rules[0], facts(), use_case)
    assert holds is expected
    assert findings


@pytest.mark.parametrize("unknown", [{"reason": "no scores"}, {"reason": "few", "fields": []}, {}])
def test_drift_that_cannot_be_measured_is_unknown(watched, unknown):
    use_case = watched(Rule("drifts", Condition("drift")))
    (decision,) = decide(use_case, facts(drift={30.0: unknown}), History())
    assert decision.state == "unknown"


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [(True, "kpi auc is 0.61 (below 0.7)"), (False, "kpi auc is 0.61 (fires when below 0.7)")],
)
def test_a_bound_that_is_kept_is_not_told_as_broken(holds, sentence):
    assert Finding(what="kpi auc", holds=holds, value=0.61, bound="below 0.7").sentence == sentence


def test_the_field_that_drifts_is_said(watched):
    (decision,) = decide(watched(Rule("drifts", Condition("drift"))), facts(), History())
    assert decision.summary == "drift psi of amount is 0.3 (at least 0.1)"


@pytest.mark.parametrize(
    ("challenge", "state"),
    [
        ({"decision": "promote", "reason": "it is better"}, "firing"),
        ({"decision": "wait", "reason": "50 more"}, "quiet"),
        ({"decision": "keep", "reason": "it is not"}, "quiet"),
        ({"reason": "no such alias"}, "unknown"),
    ],
)
def test_what_the_test_of_the_challenger_says(watched, challenge, state):
    (decision,) = decide(watched(WINS), facts(challenge=challenge, challenger="v2"), History())
    assert decision.state == state
    assert challenge["reason"] in decision.summary
    assert (decision.act, decision.version) == (
        ("promote", "v2") if state == "firing" else (None, None)
    )


def test_a_version_is_promoted_or_asked_for_once(watched):
    found = facts(challenge={"decision": "promote"}, challenger="v2")
    (decision,) = decide(watched(WINS), found, History(asked=frozenset({"v2"})))
    assert (decision.act, decision.held) == (
        None,
        "a rule promoted or asked to promote this version already",
    )
    (decision,) = decide(watched(WINS), replace(found, challenger="v3"), History(asked={"v2"}))
    assert (decision.act, decision.version) == ("promote", "v3")
    (decision,) = decide(watched(WINS), replace(found, challenger=None), History())
    assert decision.held == "there is no challenger"


def test_the_champion_is_unfit_while_the_rule_fires_and_fit_when_it_surely_does_not(watched):
    use_case = watched(Rule("unfit", Condition("age_days", above=180), action="fallback"))

    def act(**known):
        (decision,) = decide(use_case, facts(**known), History())
        return decision.act, decision.version

    assert act(age_days=200.0) == ("fallback", "v1")
    assert act(age_days=200.0, unfit=True) == (None, None)
    assert act(age_days=None, unfit=True) == (None, None)
    assert act(age_days=10.0, unfit=True) == ("recover", "v1")
    assert act(age_days=10.0) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fact": "challenger"},
        {"fact": "challenger", "name": "win"},
        {"fact": "challenger", "name": "promote", "above": 1},
        {"fact": "drift", "above": 0.1},
        {"fact": "drift", "segment": "channel"},
        {"fact": "kpi", "name": "auc", "below": 0.5, "field": "amount"},
        {"fact": "age_days", "name": "days", "above": 1},
    ],
)
def test_conditions_that_say_too_little_or_too_much(wrong):
    with pytest.raises(InvalidInput, match="condition"):
        Condition(**wrong)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition("drift", "psy"), "rule r: no such statistic of drift as psy.*'psi'"),
        (Condition("drift", field="amont"), "rule r: no such field as amont.*'amount'"),
        (Condition("drift", field="note"), "no such field as note"),  # the ledger drops it
        (Condition("drift", field="order_id"), "no such field as order_id"),
    ],
)
def test_a_rule_about_drift_that_is_not_measured_is_refused(watched, condition, said):
    with pytest.raises(InvalidInput, match=said):
        check_rules(watched(Rule("r", condition)), KPI_NAMES["binary"])
    check_rules(watched(Rule("r", Condition("drift", field="label")), WINS), KPI_NAMES["binary"])


def test_a_policy_of_promotion_is_one_of_two():
    assert Monitoring().promotion == "approval"
    with pytest.raises(InvalidInput, match="approval or automatic"):
        Monitoring(promotion="sometimes")
