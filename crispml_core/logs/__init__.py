"""The log of a process, service or worker: one entry per event, as JSON or for a terminal.

`configure_logging` is called once per process. What a library says passes through the same
processors, and nothing that goes through here shows the text of an exception.
"""

from __future__ import annotations

from crispml_core.logs.configure import configure_logging

__all__ = ["configure_logging"]
