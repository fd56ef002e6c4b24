"""The lineage graph over the stores: nodes are looked up, causes and effects followed.

`reader` is what a service calls. Nothing is stored and nothing changed here; how a graph is walked
and bounded is in ``domain.lineage``. No value of a record may enter a node.
"""
