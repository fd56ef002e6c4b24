"""One in-memory fake per port, each passing the same contract suite as the adapters.

A fake keeps the promises of its port, also between threads, and nothing beyond: no file, no clock
of its own where one can be given. Test helpers that belong to no port may not enter.
"""
