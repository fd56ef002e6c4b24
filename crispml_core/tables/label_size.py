"""How many labels are worked on at once; known without the libraries for columns."""

from __future__ import annotations

BATCH_ROWS = 16_384
