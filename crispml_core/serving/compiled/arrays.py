"""The arrays of a plan as numpy."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from crispml_core.domain.compiled import RawArray, TreeCore
from crispml_core.serving.compiled.trees import TreeArrays


def array_of(raw: RawArray) -> np.ndarray:
    """Return a raw array as a read-only numpy array."""
    kind = np.dtype(raw.dtype).newbyteorder("<")
    return np.frombuffer(raw.data, kind).reshape(raw.shape)


def tree_arrays(core: TreeCore) -> TreeArrays:
    """Return the trees of a plan as arrays; the leaves of a forest hold their share of the mean."""
    names = [field.name for field in fields(TreeArrays) if field.name != "float32_inputs"]
    arrays = {name: array_of(getattr(core, name)) for name in names}
    if core.members > 1:
        arrays["value"] = arrays["value"] / core.members
    return TreeArrays(**arrays, float32_inputs=core.float32_inputs)
