"""Watching a model in service: facts are read, rules asked, decisions kept, then acted upon.

`monitor` is what a service calls. What rules decide is in ``governance.rules`` and numbers are made
in ``crispml_core.monitoring``; here are the order, the transactions and what is done exactly once.
No rule and no statistic may enter.
"""
