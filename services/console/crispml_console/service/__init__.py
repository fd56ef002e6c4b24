"""Asking the services: what is asked, who asks, and what came of it.

No tag of a page is made here, and no page is known.
"""
