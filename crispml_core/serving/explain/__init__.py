"""Reasons of a score: what each prepared field adds to it, on the scale on which the model adds.

They are computed from the same plan that answers, so nothing of scikit-learn is needed. What
depends on the model only is computed once, at the first record that is explained. Nothing here
approximates: the contributions and the base value sum to the score.
"""
