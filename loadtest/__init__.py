"""Load tests: what the services take, and that nothing they answered is lost or told twice.

From top to bottom, and a module imports only modules below it:

- ``__main__``: one whole test, as ``make loadtest`` runs it. Locust runs in processes of its own.
- ``locustfile`` and ``scenarios``: the users that Locust spawns, and the events they hang on. Only
  these import Locust, which patches the standard library of its process.
- ``demo``, ``running``, ``verifying``, ``page``: services to test, the process of Locust, the
  comparison with the ledger, the results as a page.
- everything else: plain values and rules, without a network.

What may not enter: anything of the core but its client, its domain, and the part of the command
line that starts services.
"""
