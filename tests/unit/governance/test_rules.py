"""Facts, rules and history in, decisions out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core import Condition, Gate, Monitoring, Retraining, Rule
from crispml_core.domain.errors import InvalidInput
from crispml_core.governance.rules.conditions import all_of, any_of, judge
from crispml_core.governance.rules.decisions import History, RuleState, decide, states_after
from crispml_core.governance.rules.declared import check_rules
from crispml_core.governance.rules.facts import Facts
from crispml_core.monitoring.names import KPI_NAMES

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = Rule("old", Condition("age_days", above=180), action="retrain")


def interval(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def report(auc=0.8, low=None, high=None, labelled=500, coverage=0.5, groups=()):
    return {
        "labelled": labelled,
        "coverage": coverage,
        "kpis": {"auc": interval(auc, low, high), "brier": interval(0.2)},
        "segments": {"channel": {"groups": list(groups), "omitted": 0}},
    }


def facts(**known):
    reports = {30.0: known.pop("report", report())}
    return Facts(**{"at": AT, "champion": "v1", "age_days": 10.0, "reports": reports} | known)


@pytest.fixture
def watched(toy):
    """The toy use case with the given rules, and a policy."""

    def make(*rules, **policy):
        monitoring = Monitoring(rules=rules, retraining=Retraining(**policy))
        return replace(toy, monitoring=monitoring)

    return make


def holds(use_case, found):
    (rule,) = use_case.monitoring.rules
    return judge(rule, found, use_case)[0]


def test_a_kpi_without_a_bound_is_held_against_the_gates(watched):
    use_case = watched(Rule("auc", Condition("kpi", "auc")))  # its gate: at least 0.6
    assert holds(use_case, facts(report=report(0.59))) is True
    assert holds(use_case, facts(report=report(0.6))) is False


def test_gates_hold_when_one_of_them_is_not_kept(watched):
    use_case = replace(
        watched(Rule("gates", Condition("gates"))),
        gates=(Gate("auc", minimum=0.6), Gate("brier", maximum=0.1)),
    )
    assert holds(use_case, facts()) is True  # brier is 0.2
    assert holds(replace(use_case, gates=(Gate("auc", minimum=0.6),)), facts()) is False


def test_confident_waits_until_the_whole_interval_is_bad(watched):
    below = Rule("auc", Condition("kpi", "auc", below=0.7, confident=True))
    gate = Rule("auc", Condition("kpi", "auc", confident=True))
    for rule, limit in ((below, 0.7), (gate, 0.6)):
        inside = facts(report=report(limit - 0.1, limit - 0.2, limit + 0.01))
        outside = facts(report=report(limit - 0.1, limit - 0.2, limit - 0.01))
        assert holds(watched(rule), inside) is False
        assert holds(watched(rule), outside) is True


def test_a_kpi_of_few_labels_is_unknown(watched):
    use_case = watched(Rule("auc", Condition("kpi", "auc", below=0.9)))
    fewest = use_case.monitoring.min_group
    assert holds(use_case, facts(report=report(0.1, labelled=fewest))) is True
    assert holds(use_case, facts(report=report(0.1, labelled=fewest - 1))) is None
    assert holds(use_case, facts(report=report(None))) is None


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.5, 0.6, True), (0.65, 0.75, None), (0.7, 0.8, False)]
)
def test_where_only_bounds_are_known_both_of_them_have_to_be_bad(watched, low, high, expected):
    """When labels exist for some kinds of cases only, the report gives bounds and no value."""
    bounds = {"auc": {"value": None, "low": low, "high": high}}
    biased = report(0.9) | {"verdict": {"basis": "bounds", "kpis": bounds}}
    rule = Rule("auc", Condition("kpi", "auc", below=0.7))
    assert holds(watched(rule), facts(report=biased)) is expected
    gated = replace(watched(Rule("gates", Condition("gates"))), gates=(Gate("auc", minimum=0.7),))
    assert holds(gated, facts(report=biased)) is expected


def test_the_kpis_of_the_verdict_go_before_those_over_the_labelled_scores(watched):
    weighted = {"auc": interval(0.5, 0.4, 0.6)}
    biased = report(0.9) | {"verdict": {"basis": "weighted", "kpis": weighted}}
    assert holds(watched(Rule("auc", Condition("kpi", "auc", below=0.7))), facts(report=biased))


def test_a_segment_is_bad_when_one_of_its_groups_is(watched):
    groups = [
        {"group": "shop", "n": 200, "kpis": {"auc": interval(0.9)}},
        {"group": "web", "n": 100, "kpis": {"auc": interval(0.5)}},
        {"group": "phone", "n": "<20", "suppressed": True},
    ]
    found = facts(report=report(groups=groups))

    def of(**where):
        return watched(Rule("auc", Condition("kpi", "auc", below=0.7, segment="channel", **where)))

    assert holds(of(), found) is True
    assert holds(of(group="web"), found) is True
    assert holds(of(group="shop"), found) is False
    assert holds(of(group="phone"), found) is None
    assert holds(of(group="letter"), found) is None


@pytest.mark.parametrize(
    ("basis", "expected"), [("realised", True), ("weighted", None), ("bounds", None)]
)
def test_a_group_of_chosen_labels_decides_nothing(watched, basis, expected):
    groups = [{"group": "web", "n": 100, "kpis": {"auc": interval(0.5)}}]
    content = report(groups=groups) | {"verdict": {"basis": basis, "kpis": {}}}
    rule = Rule("auc", Condition("kpi", "auc", below=0.7, segment="channel"))
    assert holds(watched(rule), facts(report=content)) is expected


def test_the_other_facts_are_single_numbers(watched):
    found = facts(age_days=200.0, new_labels=499, report=report(coverage=0.1))
    for condition, expected in (
        (Condition("age_days", above=180), True),
        (Condition("new_labels", at_least=500), False),
        (Condition("new_labels", at_least=499), True),
        (Condition("coverage", below=0.2), True),
    ):
        assert holds(watched(Rule("one", condition)), found) is expected
    assert holds(watched(OLD), facts(age_days=None)) is None


@pytest.mark.parametrize(
    "fact", [{"fact": "gates"}, {"fact": "age_days", "above": 0}, {"fact": "coverage", "below": 1}]
)
def test_without_a_champion_nothing_is_known_and_nothing_happens(watched, fact):
    use_case = watched(Rule("one", Condition(**fact), action="retrain"))
    (decision,) = decide(use_case, Facts(at=AT), History())
    assert (decision.state, decision.act) == ("unknown", None)
    assert "no champion" in decision.summary


ANSWERS = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=5)


@given(ANSWERS)
def test_what_is_unknown_could_still_be_either(answers):
    """Kleene: an answer is known exactly when every way to fill in the unknown ones gives it."""

    def filled(known):
        options = [[True, False] if one is None else [one] for one in known]
        rows = [[]]
        for option in options:
            rows = [[*row, one] for row in rows for one in option]
        return rows

    for combine, python in ((any_of, any), (all_of, all)):
        possible = {python(row) for row in filled(answers)}
        assert combine(answers) is (possible.pop() if len(possible) == 1 else None)


def test_all_and_any_of_a_rule(watched):
    conditions = (Condition("age_days", above=180), Condition("new_labels", at_least=1))
    both, one = Rule("r", conditions), Rule("r", conditions, match="any")
    found = facts(age_days=200.0, new_labels=0)
    assert holds(watched(both), found) is False
    assert holds(watched(one), found) is True


def test_an_alert_begins_after_enough_evaluations_in_a_row_and_ends_when_the_rule_does_not_hold(
    watched,
):
    use_case = watched(replace(OLD, consecutive=2, action="alert"))
    history, seen = History(), []
    for day, age in enumerate([200, 10, 200, None, 200, 200, None, 10]):
        (decision,) = decide(use_case, facts(at=AT + day * DAY, age_days=age), history)
        history = History(states=states_after((decision,)))
        seen.append((decision.state, decision.change))
    assert seen == [
        ("pending", None),
        ("quiet", None),
        ("pending", None),
        ("unknown", None),
        ("firing", "fired"),
        ("firing", None),
        ("unknown", None),
        ("quiet", "resolved"),
    ]


def test_a_retraining_is_set_off_by_one_rule_only(watched):
    use_case = watched(OLD, replace(OLD, name="older"))
    first, second = decide(use_case, facts(age_days=200.0), History())
    assert (first.act, second.act) == ("retrain", None)
    assert "rule old sets off" in second.held


def test_while_a_cycle_is_live_the_action_waits_and_the_alert_does_not(watched):
    busy = History(busy="the cycle x is not finished")
    (decision,) = decide(watched(OLD), facts(age_days=200.0), busy)
    assert (decision.state, decision.change, decision.act) == ("firing", "fired", None)
    assert decision.held == busy.busy


@pytest.mark.parametrize(
    ("challenge", "acts"),
    [
        ({"decision": "wait"}, False),
        ({"decision": "promote"}, False),
        ({"decision": "keep"}, True),
        ({"reason": "there is no challenger"}, True),
        ({}, True),
    ],
)
def test_while_a_challenger_is_on_trial_none_is_trained_to_take_its_place(watched, challenge, acts):
    (decision,) = decide(watched(OLD), facts(age_days=200.0, challenge=challenge), History())
    assert (decision.act == "retrain") is acts
    assert ("on trial" in decision.held) is not acts


@pytest.mark.parametrize(("days", "acts"), [(6.9, False), (7, True), (8, True)])
def test_cool_down(watched, days, acts):
    history = History(retrained=(AT - days * DAY,))
    (decision,) = decide(watched(OLD, cooldown_days=7), facts(age_days=200.0), history)
    assert (decision.act == "retrain") is acts
    assert ("cool-down until" in decision.held) is not acts


def test_a_budget_that_is_used_up_is_said(watched):
    history = History(retrained=(AT - 80 * DAY, AT - 20 * DAY))
    use_case = watched(OLD, budget=2, budget_days=90, cooldown_days=7)
    (decision,) = decide(use_case, facts(age_days=200.0), history)
    assert decision.held == "the budget of 2 in 90 days is used up"
    (decision,) = decide(use_case, facts(at=AT + 10 * DAY, age_days=210.0), history)
    assert decision.act == "retrain"


@given(
    ages=st.lists(st.sampled_from([0.0, 200.0, None]), min_size=1, max_size=60),
    cooldown=st.integers(0, 9),
    budget=st.integers(0, 4),
    period=st.integers(1, 30),
    consecutive=st.integers(1, 3),
)
def test_whatever_comes_retrainings_keep_the_cool_down_and_the_budget(
    ages, cooldown, budget, period, consecutive
):
    rule = replace(OLD, consecutive=consecutive)
    policy = Retraining(cooldown_days=cooldown, budget=budget, budget_days=period)
    use_case = _use_case(rule, policy)
    history, retrained, firing = History(), [], False
    for day, age in enumerate(ages):
        at = AT + day * DAY
        (decision,) = decide(use_case, facts(at=at, age_days=age), history)
        if decision.act:
            assert decision.state == "firing"
            retrained.append(at)
        # An alert begins once, and ends once, in turn.
        assert decision.change in ({None, "resolved"} if firing else {None, "fired"})
        firing = decision.firing_since is not None
        history = History(states=states_after((decision,)), retrained=tuple(retrained))
    for one, following in pairwise(retrained):
        assert following - one >= cooldown * DAY
    for one in retrained:
        assert sum(one - period * DAY < other <= one for other in retrained) <= budget


def _use_case(rule, policy):
    from crispml_core import Algorithm, CsvSource, Field, Target, UseCase

    return UseCase(
        name="toy",
        record_key="id",
        fields=(Field("id", "string"),),
        target=Target("y", "binary", values=("no", "yes"), positive="yes"),
        source=CsvSource("x.csv"),
        algorithms=(Algorithm(name="a", curate=object, estimator=object),),
        monitoring=Monitoring(rules=(rule,), retraining=policy),
    )


def test_a_state_of_a_rule_survives_the_way_through_the_history(watched):
    since = AT - DAY
    history = History(states={"old": RuleState(streak=3, firing_since=since)})
    (decision,) = decide(watched(replace(OLD, action="alert")), facts(age_days=200.0), history)
    assert (decision.change, decision.firing_since, decision.streak) == (None, since, 4)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("r", Condition("kpi", "auk", below=0.5)), "no such KPI as auk.*'auc'.*known: auc"),
        (Rule("r", Condition("kpi", "f1")), "f1 has no gate; give below"),
        (
            Rule("r", Condition("kpi", "auc", segment="chanel")),
            "no such segment as chanel.*'channel'",
        ),
        (
            Rule("r", Condition("kpi", "auc", segment="size", group="huge")),
            "no such group of size as huge.*known: < 100",
        ),
    ],
)
def test_a_rule_that_names_what_is_not_there_is_refused(watched, rule, said):
    with pytest.raises(InvalidInput, match=said):
        check_rules(watched(rule), KPI_NAMES["binary"])


def test_further_refusals(watched, toy):
    for use_case, said in (
        (watched(OLD, OLD), "rule old is declared twice"),
        (watched(OLD, algorithms=("liner",)), "retraining: no such algorithm as liner.*'linear'"),
        (replace(watched(Rule("g", Condition("gates"))), gates=()), "rule g: .* has no gates"),
    ):
        with pytest.raises(InvalidInput, match=said):
            check_rules(use_case, KPI_NAMES["binary"])
    check_rules(toy, KPI_NAMES["binary"])
