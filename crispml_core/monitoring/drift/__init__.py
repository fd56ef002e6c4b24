"""How far new records are from those that a model was trained on.

Pure functions over counts. Bins and categories are frozen with the model (`bins`, `reference`);
what is counted in them can be added, so that no report reads a score again. `records` says which
columns of a use case are counted. Effects and tests are in `statistics`, the correction for many of
them in `correction`; `evaluation` holds one window against the reference, and `report` a period. No
store and no page may enter.
"""
