"""Numbers about how well a model answers: KPIs, their intervals, thresholds, curves and coverage.

Pure functions over numpy arrays, shared by the report of a model and the report of a period, so
that both compute a KPI with the same code. The order of the rows never changes a value. What is
undefined is None, never NaN. No store, no page and no use case may enter.
"""
