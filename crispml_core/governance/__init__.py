"""Rules that decide what may happen to a model version.

Pure functions over values of the domain. A rule does not move an alias, read a store or know a
user interface; whoever acts on a rule lives elsewhere.
"""
