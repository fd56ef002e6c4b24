"""What statsmodels says about two proportions, about weighted means and about calibration."""

import json
import sys

import numpy as np
import statsmodels.api as sm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

given = json.load(sys.stdin)
pairs = [
    {
        "difference": confint_proportions_2indep(*pair, method="newcomb", compare="diff"),
        "ratio": confint_proportions_2indep(*pair, method="log", compare="ratio"),
        "wilson": proportion_confint(pair[0], pair[1], method="wilson"),
    }
    for pair in given["pairs"]
]
first, second = (DescrStatsW(np.array(values)) for values in given["samples"])
welch = CompareMeans(first, second)
y, z = np.array(given["y"]), np.array(given["logit"])
logistic = sm.Logit(y, sm.add_constant(z)).fit(disp=False, cov_type="HC0")
print(
    json.dumps(
        {
            "pairs": pairs,
            "welch": {
                "p_value": welch.ttest_ind(usevar="unequal")[1],
                "interval": welch.tconfint_diff(usevar="unequal"),
            },
            "calibration": {
                "coefficients": logistic.params.tolist(),
                "interval": logistic.conf_int().tolist(),
            },
        }
    )
)
