"""The console of CrispML: the whole cycle in the browser.

It asks the services over REST with the credential of whoever looks at it, and holds no data and no
secret of its own. It imports ``crispml_core.client`` and nothing else of the core. Its rooms, each
of which may import those after it: ``app`` (the server and who may enter), ``pages`` (one module
per page), ``parts`` (what pages are made of), ``service`` (asking), ``settings``.
"""

__version__ = "0.1.0"
