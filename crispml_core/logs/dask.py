"""What Dask says, in the log of the process."""

from __future__ import annotations

import logging

_LOGGERS = ("distributed", "distributed.client", "distributed.worker", "tornado")


def log_dask() -> None:
    """Let Dask say in our log what is wrong, and nothing of the data; call it after its import."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.getLogger("distributed.worker").addFilter(_without_values)


def _without_values(record: logging.LogRecord) -> bool:
    # It would write the arguments of a task that failed, and the text of the exception.
    if "Compute Failed" in str(record.msg):
        record.msg, record.args = "a task failed; the log of the service says why", ()
    return True
