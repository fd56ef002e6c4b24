"""What fairlearn says about decisions by group."""

import json
import sys

from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equalized_odds_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import precision_score

given = json.load(sys.stdin)
y, decision, group = given["y"], given["decision"], given["group"]
frame = MetricFrame(
    metrics={
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "precision": precision_score,
    },
    y_true=y,
    y_pred=decision,
    sensitive_features=group,
)
print(
    json.dumps(
        {
            "by_group": frame.by_group.to_dict(),
            "selection_ratio": demographic_parity_ratio(y, decision, sensitive_features=group),
            "equalised_odds": equalized_odds_difference(y, decision, sensitive_features=group),
        }
    )
)
