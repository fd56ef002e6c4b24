"""One folder per technology that the core reaches: databases, the volume, files of a source.

An adapter implements a port and turns the errors of its library into those of ``domain.errors``.
Adapters do not import one another, decide nothing about the business, and are chosen in
``bootstrap`` only. What several of them need of the machine is a module beside their folders. A
setting or an environment variable must not enter: values come as arguments.
"""
