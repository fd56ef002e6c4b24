"""Versions between environments: packed with their evidence, verified as a whole, published.

`door` is what a service calls. What the members mean is decided here; how they lie in a file is the
business of ``adapters.bundles``, and what may serve that of ``governance.promotion``.
"""
