"""The training service over REST: methods 1 to 6, runs, data sets, aliases, bundles, rules, cards.

Only the HTTP skin of training may enter: routes that convert a request, hand it to the parts that
``crispml_core.bootstrap`` built, and answer. What a method does is in ``crispml_core``.
"""
