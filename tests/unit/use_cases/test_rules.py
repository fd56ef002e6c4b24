"""Rules in a use case: read from YAML, and refused when they name what is not there."""

import pytest

from crispml_core import Condition, Retraining, Rule
from crispml_core.domain.errors import UseCaseError
from crispml_core.use_cases.loader import load_use_case

HEAD = """
name: returns
record_key: order_id
source: {csv: orders.csv}
target: {name: returned, task: binary, values: ["no", "yes"], positive: "yes"}
fields:
  - {name: order_id, type: string}
  - {name: amount, type: number, minimum: 0}
gates: [{kpi: auc, minimum: 0.7}]
algorithms: {logistic_regression: }
"""
RULES = """
monitoring:
  rules:
    - name: auc
      when: [{fact: kpi, name: auc, below: 0.7, confident: true}]
      window_days: 14
      consecutive: 2
      severity: critical
      action: retrain
    - {name: drifts, when: [{fact: drift, name: psi, field: amount}], match: any}
  retraining: {cooldown_days: 14, budget: 2, algorithms: [logistic_regression]}
  promotion: automatic
"""


@pytest.fixture
def load(tmp_path):
    def write(text):
        file = tmp_path / "use_case.yaml"
        file.write_text(text)
        return load_use_case(str(file))

    return write


def test_rules_are_read_as_they_are_written_in_python(load):
    monitoring = load(HEAD + RULES).monitoring
    assert monitoring.rules == (
        Rule(
            "auc",
            Condition("kpi", "auc", below=0.7, confident=True),
            window_days=14,
            consecutive=2,
            severity="critical",
            action="retrain",
        ),
        Rule("drifts", Condition("drift", "psi", field="amount"), match="any"),
    )
    assert monitoring.retraining == Retraining(
        cooldown_days=14, budget=2, algorithms=("logistic_regression",)
    )
    assert monitoring.promotion == "automatic"


def test_rules_do_not_count_in_the_digest(load):
    assert load(HEAD + RULES).digest == load(HEAD).digest


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("name: auc, below", "name: auk, below", "rule auc: no such KPI as auk.*'auc'"),
        ("field: amount", "field: amont", "rule drifts: no such field as amont.*'amount'"),
        ("name: psi", "name: psy", "rule drifts: no such statistic of drift as psy"),
        ("name: drifts", "name: auc", "rule auc is declared twice"),
        ("[logistic_regression]", "[forest]", "retraining: no such algorithm as forest"),
        ("below: 0.7", "below: 0.7, above: 1", "give one of below, above and at_least"),
        ("fact: drift", "fact: weather", "fact"),
        ("action: retrain", "action: sleep", "action"),
        ("promotion: automatic", "promotion: never", "promotion"),
        ("window_days: 14", "windows_days: 14", "windows_days"),
    ],
)
def test_a_rule_that_cannot_work_stops_the_process_at_start(load, right, wrong, said):
    assert right in RULES
    with pytest.raises(UseCaseError, match=said):
        load(HEAD + RULES.replace(right, wrong, 1))
