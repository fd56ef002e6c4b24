"""What evidently says about two samples of cells."""

import json
import sys

import pandas as pd
from evidently.legacy.calculations.stattests import (
    jensenshannon_stat_test,
    ks_stat_test,
    psi_stat_test,
    z_stat_test,
)
from evidently.legacy.core import ColumnType

TESTS = {
    "psi": (psi_stat_test, ColumnType.Categorical),
    "jensen_shannon": (jensenshannon_stat_test, ColumnType.Categorical),
    "z": (z_stat_test, ColumnType.Categorical),
    "kolmogorov_smirnov": (ks_stat_test, ColumnType.Numerical),
}


def said(question):
    test, kind = TESTS[question["test"]]
    samples = (pd.Series(question[name]) for name in ("reference", "current"))
    score, _ = test.func(*samples, kind, 0.1)
    return float(score)


for line in sys.stdin:
    print(json.dumps([said(question) for question in json.loads(line)]), flush=True)
