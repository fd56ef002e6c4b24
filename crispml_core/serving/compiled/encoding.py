"""Plans as bytes: MessagePack, arrays as raw little-endian bytes."""

from __future__ import annotations

import math
from dataclasses import fields

import msgspec

from crispml_core.domain.compiled import FORMAT, CuratedColumn, LinearCore, Plan, RawArray, TreeCore
from crispml_core.domain.errors import RegistryDamaged

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Plan).decode

# The arrays of a tree core: type, and length along each axis ("n": nodes, "k": outputs).
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
_BYTES = {"int32": 4, "float64": 8, "bool": 1, "uint32": 4}


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistryDamaged("the compiled model cannot be read") from error
    try:
        _check(plan)
    except _Damaged as damage:
        raise RegistryDamaged(f"the compiled model is damaged: {damage}") from None
    return plan


def _check(plan: Plan) -> None:
    if plan.format != FORMAT:
        raise _Damaged(f"it has the format {plan.format}, this release reads {FORMAT}")
    if (plan.linear is not None) + (plan.trees is not None) > 1 or not (
        plan.linear or plan.trees or plan.onnx
    ):
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
    sizes: dict[str | int, int] = {"k": outputs}
    for name, (dtype, axes) in _SHAPES.items():
        _check_array(name, getattr(core, name), dtype, axes, sizes)
    from crispml_core.serving.compiled.arrays import tree_arrays
    from crispml_core.serving.compiled.soundness import tree_damage

    damage = tree_damage(tree_arrays(core), columns)
    if damage:
        raise _Damaged(damage)


def _check_array(
    name: str, raw: RawArray, dtype: str, axes: tuple[str | int, ...], sizes: dict[str | int, int]
) -> None:
    if raw.dtype != dtype or len(raw.shape) != len(axes):
        raise _Damaged(f"the array {name} has another type")
    for axis, length in zip(axes, raw.shape, strict=True):
        expected = axis if isinstance(axis, int) else sizes.setdefault(axis, length)
        if length != expected or length < 0:
            raise _Damaged(f"the array {name} has another length")
    if len(raw.data) != math.prod(raw.shape) * _BYTES[dtype]:
        raise _Damaged(f"the array {name} is cut")


assert set(_SHAPES) == {field.name for field in fields(TreeCore)} - {
    "link",
    "allows_missing",
    "float32_inputs",
    "members",
}
