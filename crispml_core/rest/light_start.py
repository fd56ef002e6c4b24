"""A service starts without what libraries load in case that somebody wants it.

Called before anything else is imported.
"""

from __future__ import annotations

import sys
from importlib import import_module


def start_lightly() -> None:
    """Let structlog leave rich alone, which takes 3 % of the time of a start.

    structlog draws tracebacks with it, and there are none in our log. Others can load it later.
    """
    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # an import of it fails
        try:
            import_module("structlog")
        finally:
            del sys.modules["rich"]
