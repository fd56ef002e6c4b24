"""The order of the steps: ids are resolved, methods called, results stored, and all of it timed.

A pipeline knows the stores through their ports and calls one method after the other. Timing, audit
and the name of the failing step belong here and never into a method. No HTTP, no SQL and no choice
of an adapter may enter.
"""
