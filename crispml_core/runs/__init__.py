"""The queue of runs: leases, worker processes, heartbeats, progress, cancel and time-outs.

A run is a row in the database. `RunExecutor` takes runs in the API process and executes each in a
process of its own; `work` is what that process does. What a run does is handed in as a function, so
nothing here knows a method.
"""
