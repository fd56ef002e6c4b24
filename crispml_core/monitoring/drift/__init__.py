"""How far new records are from those that a model was trained on.

Pure functions over counts. Bins and categories are frozen with the model (`bins`, `reference`);
what is counted in them can be added (`counting`), so that no report reads a score again. Effects
and tests are in `statistics`, the correction for many of them in `correction`, and `evaluation`
makes a report of both. No store, no page and no use case may enter.
"""
