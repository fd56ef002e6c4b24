"""The scoring service over REST: methods 7 to 9, what they stored, drift, challenges, replays.

Only the HTTP skin of scoring may enter: routes that convert a request, hand it to the parts that
``crispml_core.bootstrap`` built, and answer. Nothing here trains, moves an alias or writes to the
registry.
"""
