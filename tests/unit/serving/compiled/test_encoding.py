"""A plan comes back as it was; a damaged one is told as such, whatever is wrong with it."""

import contextlib
import struct
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.compiled import (
    CuratedColumn,
    LinearCore,
    Lookup,
    OnnxCore,
    Plan,
    RawArray,
    Step,
    TreeCore,
)
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan

NUMBER = CuratedColumn(source="size", is_text=False, steps=(Step("standardise", 1.0, 2.0),))
TEXT = CuratedColumn(
    source="place", is_text=True, lookup=Lookup(("sea", "land"), (1.0, 0.0), 0.0, None)
)
LINEAR = Plan(
    columns=(NUMBER, TEXT),
    outputs=1,
    linear=LinearCore(link="logit", intercepts=(0.5,), weights=((1.0, -1.0),), means=(0.0, 0.5)),
)


def ints(*values):
    return RawArray("int32", (len(values),), struct.pack(f"<{len(values)}i", *values))


def floats(*values):
    return RawArray("float64", (len(values),), struct.pack(f"<{len(values)}d", *values))


# Two stumps: the first looks at the number, the second at a set of categories.
CORE = TreeCore(
    link="logit",
    allows_missing=True,
    roots=ints(0, 3),
    feature=ints(0, -1, -1, 1, -1, -1),
    threshold=floats(0.5, 0, 0, 0, 0, 0),
    left=ints(1, -1, -1, 4, -1, -1),
    right=ints(2, -1, -1, 5, -1, -1),
    missing_left=RawArray("bool", (6,), b"\1\0\0\0\0\0"),
    category_set=ints(-1, -1, -1, 0, -1, -1),
    category_sets=RawArray("uint32", (1, 8), bytes(32)),
    value=replace(floats(0, 1, 2, 0, 3, 4), shape=(6, 1)),
    cover=floats(9, 4, 5, 9, 4, 5),
    baseline=floats(0.25),
)
TREES = Plan(columns=(NUMBER, TEXT), outputs=1, trees=CORE)
GRAPH = Plan(columns=(NUMBER,), outputs=1, onnx=OnnxCore(graph=b"", output="y", dtype="float64"))


@pytest.mark.parametrize("plan", [LINEAR, TREES, GRAPH])
def test_a_plan_comes_back_as_it_was(plan):
    assert decode_plan(encode_plan(plan)) == plan
    assert encode_plan(decode_plan(encode_plan(plan))) == encode_plan(plan)


def linear(**changes):
    return replace(LINEAR, linear=replace(LINEAR.linear, **changes))


def trees(**changes):
    return replace(TREES, trees=replace(CORE, **changes))


def column(**changes):
    return replace(LINEAR, columns=(replace(NUMBER, **changes), TEXT))


NAN = float("nan")
DAMAGED = {
    "format": replace(LINEAR, format=99),
    "no core": replace(LINEAR, linear=None),
    "two cores": replace(LINEAR, trees=CORE),
    "an output is missing": replace(LINEAR, outputs=2),
    "a weight is missing": linear(weights=((1.0,),)),
    "a weight is NaN": linear(weights=((1.0, NAN),)),
    "a mean is missing": linear(means=(1.0,)),
    "division by zero": column(steps=(Step("standardise", 1.0, 0.0),)),
    "an infinite step": column(steps=(Step("fill", float("inf")),)),
    "text without a look-up": column(is_text=True, steps=(), lookup=None),
    "one field of two kinds": column(source="place"),
    "a short look-up": column(lookup=Lookup((1.0, 2.0), (1.0,), None, None)),
    "a text as a number": column(lookup=Lookup(("sea",), (1.0,), None, None)),
    "a cut array": trees(left=replace(CORE.left, data=CORE.left.data[:-1])),
    "another length": trees(left=ints(1, -1, -1, 4, -1)),
    "a negative length": trees(cover=RawArray("float64", (-6,), b"")),
    "another type": trees(left=replace(CORE.left, dtype="float64")),
    "an object": trees(left=replace(CORE.left, dtype="object")),
    "a flat value": trees(value=floats(0, 1, 2, 0, 3, 4)),
    "no trees": trees(roots=ints()),
    "a root out of range": trees(roots=ints(0, 6)),
    "roots that fall": trees(roots=ints(3, 0)),
    "a column out of range": trees(feature=ints(2, -1, -1, 1, -1, -1)),
    "a circle": trees(left=ints(0, -1, -1, 4, -1, -1)),
    "a child of another tree": trees(left=ints(4, -1, -1, 4, -1, -1)),
    "one child twice": trees(left=ints(2, -1, -1, 4, -1, -1)),
    "a leaf with a child": trees(left=ints(1, 2, -1, 4, -1, -1)),
    "a set out of range": trees(category_set=ints(-1, -1, -1, 1, -1, -1)),
    "a threshold that is NaN": trees(threshold=floats(NAN, 0, 0, 0, 0, 0)),
    "a value that is NaN": trees(value=replace(floats(0, 1, NAN, 0, 3, 4), shape=(6, 1))),
    "no members": trees(members=0),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_parts_that_do_not_fit_together_are_damage(damage):
    with pytest.raises(RegistryDamaged, match="the compiled model is damaged: "):
        decode_plan(encode_plan(DAMAGED[damage]))


@pytest.mark.parametrize("plan", [LINEAR, TREES])
@given(data=st.data())
def test_no_altered_byte_does_anything_but_damage(plan, data):
    """Whatever is altered: it is a plan, or it is told as damage; nothing else is raised."""
    content = bytearray(encode_plan(plan))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(RegistryDamaged):
        assert isinstance(decode_plan(bytes(content)), Plan)


def test_a_field_too_many_does_not_slip_in():
    """A plan of a later release may say what this one does not understand."""
    content = msgspec.msgpack.encode({"format": 2, **msgspec.to_builtins(LINEAR)})
    assert decode_plan(content) == LINEAR
    later = {**msgspec.to_builtins(LINEAR), "format": 2}
    with pytest.raises(RegistryDamaged, match="the format 2, this release reads 1"):
        decode_plan(msgspec.msgpack.encode(later))
