"""Faults for real processes: stores to damage, a service to kill, load, and the truth afterwards.

`tests/e2e/faults` uses the parts, and `benchmarks.kills` uses them at full size.
"""
