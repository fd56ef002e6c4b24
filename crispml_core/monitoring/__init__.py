"""Numbers about how well a model answers: KPIs and intervals, also where labels are missing.

Besides KPIs there are thresholds, curves, coverage, fairness, what a replay changed, and the test
of a challenger; drift and the sections of a report have rooms of their own. Pure functions over
numpy arrays, so that the report of a model and the report of a period compute a KPI with the same
code. The order of the rows never changes a value. What is
undefined is None, never NaN. No store and no page may enter.
"""
