"""The nodes of a `TreeCore` as numpy arrays."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields

import numpy as np

from crispml_core.domain.compiled import RawArray, TreeCore


@dataclass(frozen=True, slots=True)
class Nodes:
    """All nodes of an ensemble; see `crispml_core.domain.compiled.TreeCore`."""

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    category_set: np.ndarray
    value: np.ndarray
    cover: np.ndarray
    is_leaf: np.ndarray


def nodes_of(core: TreeCore) -> Nodes:
    """Return the nodes of a core."""
    names = [field.name for field in fields(Nodes) if field.name != "is_leaf"]
    arrays = {name: _array(getattr(core, name)) for name in names}
    return Nodes(**arrays, is_leaf=arrays["feature"] < 0)


def _array(raw: RawArray) -> np.ndarray:
    assert sys.byteorder == "little"
    return np.frombuffer(raw.data, raw.dtype).reshape(raw.shape)
