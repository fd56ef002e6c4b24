"""Load tests: what the services take, and that nothing they answered is lost or told twice.

From top to bottom, and a module imports only modules below it:

- ``__main__``: one whole test, as ``make loadtest`` runs it. Locust runs in processes of its own.
- ``locustfile``, ``hooks``, ``scenarios``: what Locust reads, what happens on its events, the users
  that it spawns. Only these import Locust, which patches the standard library of its process.
- ``demo``, ``running``, ``page``, ``live``: services to test, the process of Locust, the results as
  a page, and where figures go meanwhile.
- ``collecting``, ``verifying``, ``records``: what processes count, the comparison with the ledger,
  what is sent.
- everything else: plain values and rules, without a network.

What may not enter: anything of the core but its client, its domain, and the part of the command
line that starts services.
"""
