"""Plans as bytes: MessagePack, arrays as raw little-endian bytes."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import msgspec

from crispml_core.domain.compiled import (
    FORMAT,
    CuratedColumn,
    DeepCore,
    LinearCore,
    Plan,
    RawArray,
    TreeCore,
)
from crispml_core.domain.errors import RegistryDamaged

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Plan).decode

# The arrays of a core of trees: types, and length along each axis ("n": nodes, "k": outputs).
_SHAPES: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "roots": ("int32", ("trees",)),
    "feature": ("int32", ("n",)),
    "threshold": ("float64", ("n",)),
    "left": ("int32", ("n",)),
    "right": ("int32", ("n",)),
    "missing_left": ("bool", ("n",)),
    "category_set": ("int32", ("n",)),
    "category_sets": ("uint32", ("sets", 8)),
    "value": ("float64", ("n", "k")),
    "cover": ("float64", ("n",)),
    "baseline": ("float64", ("k",)),
}
_DEEP_SHAPES: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "baseline": ("float64", ("k",)),
    "scale_column": ("int32", ("scales",)),
    "scale_missing_left": ("bool", ("scales",)),
    "scale_set": ("int32", ("scales",)),
    "scale_ends": ("int32", ("scales",)),
    "thresholds": ("float64", ("thresholds",)),
    "category_sets": ("uint32", ("sets", 8)),
    "scale": ("uint16", ("blocks", 7)),
    "bound": ("uint16", ("blocks", 7)),
    "shape": ("uint16", ("blocks",)),
    "shapes": ("uint8", ("shapes", 7)),
    "exits": ("int32", ("exits",)),
    "exit_cover": ("float32 float64", ("exits",)),
    "values": ("float64", ("values", "k")),
}
_BYTES = {
    "bool": 1,
    "uint8": 1,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "float64": 8,
}


class _Damaged(Exception):
    """Says what of a plan does not fit together; never leaves this module."""


def encode_plan(plan: Plan) -> bytes:
    """Return a plan as bytes; equal plans give equal bytes."""
    return _encode(plan)


def decode_plan(content: bytes) -> Plan:
    """Return the plan; nothing of the bytes is executed.

    Raises
    ------
    RegistryDamaged
        If the bytes are no plan of this format, or its parts do not fit together.
    """
    try:
        plan = _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RegistryDamaged("the compiled model cannot be read") from error
    try:
        _check(plan)
    except _Damaged as damage:
        raise RegistryDamaged(f"the compiled model is damaged: {damage}") from None
    return plan


def _check(plan: Plan) -> None:
    if plan.format != FORMAT:
        raise _Damaged(f"it has the format {plan.format}, this release reads {FORMAT}")
    cores = (plan.linear, plan.trees, plan.deep, plan.onnx)
    if sum(core is not None for core in cores) != 1:
        raise _Damaged("it needs exactly one core")
    texts = {column.source for column in plan.columns if column.is_text}
    for column in plan.columns:
        if column.is_text is not (column.source in texts):
            raise _Damaged("a field is text and number at once")
        _check_column(column)
    if plan.linear is not None:
        _check_linear(plan.linear, len(plan.columns), plan.outputs)
    if plan.trees is not None:
        _check_trees(plan.trees, len(plan.columns), plan.outputs)
    if plan.deep is not None:
        _check_deep(plan.deep, len(plan.columns), plan.outputs)


def _check_column(column: CuratedColumn) -> None:
    lookup = column.lookup
    if column.is_text and (lookup is None or column.steps):
        raise _Damaged("a text is curated like a number")
    if lookup is not None:
        if len(lookup.keys) != len(lookup.values):
            raise _Damaged("a look-up has not one number per value")
        if any(isinstance(key, str) is not column.is_text for key in lookup.keys):
            raise _Damaged("a look-up mixes texts and numbers")
    for step in column.steps:
        if not math.isfinite(step.a) or not math.isfinite(step.b):
            raise _Damaged("a step is not finite")
        if step.name == "standardise" and step.b == 0.0:
            raise _Damaged("a step divides by zero")


def _check_linear(core: LinearCore, columns: int, outputs: int) -> None:
    if len(core.intercepts) != outputs or len(core.weights) != outputs:
        raise _Damaged("the outputs of the linear model are incomplete")
    if any(len(row) != columns for row in core.weights):
        raise _Damaged("the linear model has not one weight per column")
    if core.means and len(core.means) != columns:
        raise _Damaged("the linear model has not one mean per column")
    numbers = [*core.intercepts, *core.means, *(weight for row in core.weights for weight in row)]
    if not all(map(math.isfinite, numbers)):
        raise _Damaged("a weight is not finite")


def _check_trees(core: TreeCore, columns: int, outputs: int) -> None:
    if core.members < 1:
        raise _Damaged("a forest has no members")
    _check_arrays(core, _SHAPES, outputs)
    from crispml_core.serving.compiled.arrays import tree_arrays
    from crispml_core.serving.compiled.soundness import tree_damage

    damage = tree_damage(tree_arrays(core), columns)
    if damage:
        raise _Damaged(damage)


def _check_deep(core: DeepCore, columns: int, outputs: int) -> None:
    if core.members < 1:
        raise _Damaged("a forest has no members")
    _check_trees(core.top, columns, 1)
    _check_arrays(core, _DEEP_SHAPES, outputs)
    from crispml_core.serving.compiled.deep_soundness import deep_damage

    damage = deep_damage(core, columns)
    if damage:
        raise _Damaged(damage)


def _check_arrays(
    core: Any, shapes: dict[str, tuple[str, tuple[str | int, ...]]], outputs: int
) -> None:
    sizes: dict[str | int, int] = {"k": outputs}
    for name, (dtypes, axes) in shapes.items():
        _check_array(name, getattr(core, name), dtypes, axes, sizes)


def _check_array(
    name: str, raw: RawArray, dtypes: str, axes: tuple[str | int, ...], sizes: dict[str | int, int]
) -> None:
    if raw.dtype not in dtypes.split() or len(raw.shape) != len(axes):
        raise _Damaged(f"the array {name} has another type")
    for axis, length in zip(axes, raw.shape, strict=True):
        expected = axis if isinstance(axis, int) else sizes.setdefault(axis, length)
        if length != expected or length < 0:
            raise _Damaged(f"the array {name} has another length")
    if len(raw.data) != math.prod(raw.shape) * _BYTES[raw.dtype]:
        raise _Damaged(f"the array {name} is cut")


_PLAIN = {"link", "allows_missing", "float32_inputs", "members", "top"}
assert set(_SHAPES) == {field.name for field in fields(TreeCore)} - _PLAIN
assert set(_DEEP_SHAPES) == {field.name for field in fields(DeepCore)} - _PLAIN
