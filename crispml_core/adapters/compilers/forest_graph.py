"""Trees that are too large for bit vectors, as an ONNX graph.

The operator ``TreeEnsemble`` computes in float64, so the graph is as exact as the trees are. Its
leaves know one target only: for one output the graph sums the leaves itself, for several it names
the leaf of each tree, and the caller sums.
"""

from __future__ import annotations

import sys

import numpy as np

from crispml_core.domain.compiled import OnnxCore, RawArray, TreeCore
from crispml_core.ports.model_compiler import NotCompilable

MAX_LEAVES = 64
"""Largest tree that serving keeps as a bit vector."""

MAX_MASK_BYTES = 128 * 2**20
"""Largest size of all bit vectors; beyond it a graph is smaller."""

_LESS_OR_EQUAL, _MEMBER = 0, 6
_IR_VERSION, _OPSET, _ML_OPSET = 10, 21, 5


def needs_graph(core: TreeCore) -> bool:
    """Whether bit vectors are too small or too many for these trees."""
    feature, threshold = _array(core.feature), _array(core.threshold)
    is_leaf = feature < 0
    ends = [*_array(core.roots)[1:], len(feature)]
    leaves = np.diff(np.cumsum(is_leaf)[np.array(ends) - 1], prepend=0)
    if leaves.max(initial=0) > MAX_LEAVES:
        return True
    numeric = ~is_leaf & (_array(core.category_set) < 0)
    pairs = np.unique(np.column_stack([feature[numeric], threshold[numeric]]), axis=0)
    return len(pairs) * len(leaves) * 8 > MAX_MASK_BYTES


def forest_graph(core: TreeCore, columns: int) -> OnnxCore:
    """Return the trees as a graph.

    Raises
    ------
    NotCompilable
        If the package ``onnx`` is not installed.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise NotCompilable("deep trees need the package onnx, which is not installed") from None
    feature, value = _array(core.feature), _array(core.value)
    is_leaf, roots = feature < 0, _array(core.roots)
    if is_leaf[roots].any():
        raise NotCompilable("a tree of the ensemble is a single leaf")
    inner, leaves = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    place = np.where(is_leaf, np.cumsum(is_leaf), np.cumsum(~is_leaf)) - 1
    left, right = _array(core.left)[inner], _array(core.right)[inner]
    sets = _array(core.category_set)[inner]
    tree = np.searchsorted(roots, leaves, side="right") - 1
    sums = value.shape[1] == 1
    members = _members(core, sets[sets >= 0])
    optional = {"membership_values": numpy_helper.from_array(members)} if len(members) else {}
    node = helper.make_node(
        "TreeEnsemble",
        ["X"],
        ["sums" if sums else "leaves"],
        domain="ai.onnx.ml",
        n_targets=1 if sums else len(roots),
        tree_roots=place[roots].tolist(),
        nodes_featureids=feature[inner].tolist(),
        nodes_splits=numpy_helper.from_array(_array(core.threshold)[inner]),
        nodes_modes=numpy_helper.from_array(
            np.where(sets >= 0, _MEMBER, _LESS_OR_EQUAL).astype(np.uint8)
        ),
        nodes_truenodeids=place[left].tolist(),
        nodes_falsenodeids=place[right].tolist(),
        nodes_trueleafs=is_leaf[left].astype(int).tolist(),
        nodes_falseleafs=is_leaf[right].astype(int).tolist(),
        nodes_missing_value_tracks_true=_array(core.missing_left)[inner].astype(int).tolist(),
        leaf_targetids=[0] * len(leaves) if sums else tree.tolist(),
        leaf_weights=numpy_helper.from_array(
            np.ascontiguousarray(value[leaves, 0] if sums else leaves.astype(np.float64))
        ),
        **optional,
    )
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, width])
        for name, width in (("X", columns), (node.output[0], 1 if sums else len(roots)))
    )
    model = helper.make_model(
        helper.make_graph([node], "trees", [x], [y]),
        opset_imports=[
            helper.make_opsetid("", _OPSET),
            helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
        ir_version=_IR_VERSION,
    )
    return OnnxCore(graph=model.SerializeToString(), output=node.output[0], dtype="float64")


def _members(core: TreeCore, sets: np.ndarray) -> np.ndarray:
    """Return the codes of each set, with a NaN between two sets."""
    bits = _array(core.category_sets)
    parts: list[np.ndarray] = []
    for index in sets:
        codes = np.flatnonzero(np.unpackbits(bits[index].view(np.uint8), bitorder="little"))
        parts += [codes.astype(np.float64), np.array([np.nan])]
    return np.concatenate(parts) if parts else np.zeros(0)


def _array(raw: RawArray) -> np.ndarray:
    assert sys.byteorder == "little"
    return np.frombuffer(raw.data, raw.dtype).reshape(raw.shape)
