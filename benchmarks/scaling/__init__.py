"""Scaling under load: what one, two or three replicas answer, and that a change costs nobody.

From top to bottom, and a module imports only modules below it:

- ``__main__``: one whole measurement, as ``make scaling`` runs it.
- ``measuring``: the loads of a measurement, and what they came to together.
- ``driving``: one load, and what is done to the replicas meanwhile.
- ``compose``, ``kubectl``: the same few verbs on docker compose and on a cluster.
- everything else: the plan, figures of a part of the curve, the page and the plot.

What may not enter: a load or a comparison with the ledger of its own; those are of ``loadtest``.
"""
