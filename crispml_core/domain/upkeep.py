"""What one step of upkeep came to."""

from __future__ import annotations

from typing import NamedTuple


class Upkept(NamedTuple):
    """What a step did of what a store leaves for later.

    Parameters
    ----------
    rows : int
        How many scores it did; 0 also when another process does the same ones.
    has_more : bool
        Whether more of them waited when it looked.
    """

    rows: int
    has_more: bool
