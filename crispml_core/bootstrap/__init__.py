"""The composition root: the only place that chooses adapters, one module per process.

``scoring`` and ``training`` each build the parts of their service and import what that service
needs: a scoring process must not pay for the libraries of training. Nothing but wiring may enter.
"""
