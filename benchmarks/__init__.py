"""Measurements, side by side with what they are compared to.

Each is a module with a ``main`` that prints one JSON line. Figures of one machine are ratios or
bounds, never promises in seconds; `proof` runs them all and writes them to ``results/``.
"""
