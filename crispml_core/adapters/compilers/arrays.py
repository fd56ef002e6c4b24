"""numpy arrays as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.domain.compiled import RawArray


def raw_array(values: Any, dtype: str) -> RawArray:
    """Return values as little-endian bytes in C order."""
    array = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return RawArray(dtype, array.shape, array.tobytes())
