"""Deep trees that are damaged are told as such; what is let through ends and answers."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from crispml_core.adapters.compilers.arrays import raw_array
from crispml_core.adapters.compilers.deep import deep_core
from crispml_core.adapters.compilers.trees import forest_core
from crispml_core.domain.compiled import CuratedColumn, Plan
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.serving.compiled.arrays import array_of
from crispml_core.serving.compiled.deep_trees import DeepTrees
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.serving.compiled.unfolding import nodes_of

COLUMNS = tuple(CuratedColumn(source=name, is_text=False) for name in ("a", "b"))


def make():
    random = np.random.default_rng(0)
    X = random.normal(size=(4000, 2))
    model = RandomForestClassifier(3, random_state=0).fit(X, random.integers(0, 2, 4000))
    core = forest_core(model)
    return Plan(columns=COLUMNS, outputs=1, deep=deep_core(core, ["a", "b"]))


PLAN = make()
CORE = PLAN.deep
BLOCKS = CORE.bound.shape[0]


def deep(**changes):
    return replace(PLAN, deep=replace(CORE, **changes))


def top(**changes):
    return deep(top=replace(CORE.top, **changes))


def changed(name, place, value, core=CORE):
    """Return an array with one other value."""
    array = array_of(getattr(core, name)).copy()
    array[place] = value
    return {name: raw_array(array, getattr(core, name).dtype)}


def first_where(found):
    return tuple(axis[0] for axis in np.nonzero(found))


LEAF_OF_TOP = (int(np.flatnonzero(array_of(CORE.top.feature) < 0)[0]), 0)
TO_A_BLOCK = first_where(array_of(CORE.exits) >= 0)
SHORT = first_where(array_of(CORE.bound)[:, 3] == 65535)[0]
LONG = first_where(array_of(CORE.bound)[:, 6] != 65535)[0]
DAMAGED = {
    "a cut array": deep(exits=replace(CORE.exits, data=CORE.exits.data[:-1])),
    "another type": deep(exit_cover=replace(CORE.exit_cover, dtype="int32")),
    "blocks of eight": deep(bound=replace(CORE.bound, shape=(BLOCKS, 8))),
    "an exit too few": deep(
        exits=raw_array(array_of(CORE.exits)[1:], "int32"),
        exit_cover=raw_array(array_of(CORE.exit_cover)[1:], "float32"),
    ),
    "no members": deep(members=0),
    "a column out of range": deep(**changed("scale_column", 0, 2)),
    "a set out of range": deep(**changed("scale_set", 0, 0)),
    "thresholds that end early": deep(**changed("scale_ends", -1, 1)),
    "thresholds that fall": deep(**changed("thresholds", 1, -1e9)),
    "a threshold that is NaN": deep(**changed("thresholds", 1, np.nan)),
    "a value that is NaN": deep(**changed("values", (0, 0), np.nan)),
    "a shape out of range": deep(**changed("shape", 0, 500)),
    "a shape that begins behind its test": deep(**changed("shapes", (0, 1), 2)),
    "a shape that is no tree": deep(**changed("shapes", 0, [0, 1, 1, 0, 3, 3, 2])),
    "a shape of more tests": deep(**changed("shape", SHORT, array_of(CORE.shape)[LONG])),
    "a scale out of range": deep(**changed("scale", (0, 0), 9)),
    "a bound out of range": deep(**changed("bound", (0, 0), 60_000)),
    "a block without tests": deep(**changed("bound", 0, 65535)),
    "a gap between tests": deep(**changed("bound", (LONG, 3), 65535)),
    "a circle": deep(**changed("exits", TO_A_BLOCK, 0)),
    "a block out of range": deep(**changed("exits", TO_A_BLOCK, BLOCKS)),
    "a leaf out of range": deep(**changed("exits", TO_A_BLOCK, -1_000_000)),
    "one block twice": deep(**changed("exits", TO_A_BLOCK, BLOCKS - 1)),
    "a top that leads nowhere": top(**changed("value", LEAF_OF_TOP, 0.5, CORE.top)),
    "a top that leads out": top(**changed("value", LEAF_OF_TOP, 1e300, CORE.top)),
    "a top that is none": top(**changed("left", 0, 0, CORE.top)),
    "a top that adds": top(baseline=raw_array([1.0], "float64")),
    "two cores": replace(PLAN, trees=CORE.top),
}


def test_they_come_back_as_they_were():
    assert decode_plan(encode_plan(PLAN)) == PLAN


@pytest.mark.parametrize("damage", DAMAGED)
def test_parts_that_do_not_fit_together_are_damage(damage):
    with pytest.raises(RegistryDamaged, match="the compiled model is damaged: "):
        decode_plan(encode_plan(DAMAGED[damage]))


@given(data=st.data())
def test_whatever_is_altered_it_is_damage_or_it_answers(data):
    content = bytearray(encode_plan(PLAN))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(RegistryDamaged):
        plan = decode_plan(bytes(content))
        if plan.deep is not None and plan.columns == COLUMNS:
            found = DeepTrees(plan, {"a": 0, "b": 1}).of_rows([(0.0, 1.0), (-2.0, 0.5)])
            assert len(found) == 2
            assert len(nodes_of(plan).roots) == CORE.top.roots.shape[0]
