"""The users that Locust spawns, a file for each kind.

Most have a plan of their own (`open_loop`). A training run is followed instead: one at a time is
all that a use case allows, and a second one would say nothing about the service.

What may not enter: a rule about figures, records or thresholds; users draw, send and count.
"""
