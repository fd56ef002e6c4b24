"""A simulated world with planted facts, and how often each is found.

Small sizes run in the tests, full ones in `make proof`. Everything is drawn from seeds.
"""
