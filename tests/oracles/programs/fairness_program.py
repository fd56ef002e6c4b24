"""What fairlearn says of decisions by group, and statsmodels of the comparison of two groups."""

import json
import sys

import numpy as np
import statsmodels.api as sm
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equalized_odds_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import precision_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW


def decisions(y, decision, group):
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
    return {
        "by_group": frame.by_group.to_dict(),
        "selection_ratio": demographic_parity_ratio(y, decision, sensitive_features=group),
        "equalised_odds": equalized_odds_difference(y, decision, sensitive_features=group),
    }


def proportions(first, of_first, second, of_second):
    pair = (first, of_first, second, of_second)
    return {
        "difference": confint_proportions_2indep(*pair, method="newcomb", compare="diff"),
        "ratio": confint_proportions_2indep(*pair, method="log", compare="ratio"),
        "wilson": proportion_confint(first, of_first, method="wilson"),
    }


def means(first, second):
    compared = CompareMeans(DescrStatsW(np.array(first)), DescrStatsW(np.array(second)))
    return {
        "p_value": compared.ttest_ind(usevar="unequal")[1],
        "interval": compared.tconfint_diff(usevar="unequal"),
    }


def calibration(y, logit):
    X = sm.add_constant(np.array(logit))
    fitted = sm.Logit(np.array(y), X).fit(disp=False, cov_type="HC0")
    return {"coefficients": fitted.params.tolist(), "interval": fitted.conf_int().tolist()}


for line in sys.stdin:
    given = json.loads(line)
    found = {
        "decisions": decisions(**given["decisions"]),
        "proportions": [proportions(*pair) for pair in given["proportions"]],
        "means": means(*given["means"]),
        "calibration": calibration(**given["calibration"]),
    }
    print(json.dumps(found), flush=True)
