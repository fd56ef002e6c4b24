"""Compiled models: what a fitted pipeline does, as plain data that any process can execute.

A plan holds how each curated column comes from one prepared field, and one core: a linear model,
an ensemble of small or of deep trees, or an ONNX graph. It is made from scikit-learn once, when a
version is persisted, and executed by `crispml_core.serving.compiled` without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FORMAT = 1
"""Version of the layout of `Plan`; a reader refuses another one."""

EXACT, ROUNDED = 1e-9, 1e-6
"""Tolerances of a probability: of a float64 plan, and of one that computes in float32."""

Kind = Literal["linear", "trees", "onnx"]


@dataclass(frozen=True, slots=True)
class RawArray:
    """A numpy array as little-endian bytes in C order.

    Parameters
    ----------
    dtype : str
        One of numpy's names, for example ``float64``.
    shape : tuple of int
        Length of each axis.
    data : bytes
        The values.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on a number.

    Parameters
    ----------
    name : str
        ``fill``: a missing value becomes `a`. ``standardise``: ``(x - a) / b``. ``stretch``:
        ``x * a + b``. ``clip``: to the range `a` to `b`. ``indicate``: 1 for missing, else 0.
        Each but ``fill`` and ``indicate`` leaves a missing value missing.
    """

    name: Literal["fill", "standardise", "stretch", "clip", "indicate"]
    a: float = 0.0
    b: float = 0.0

    def operation(self) -> Callable[[float], float]:
        """Return the step as a function; NaN is a missing value."""
        a, b = self.a, self.b
        match self.name:
            case "fill":
                return lambda x: a if x != x else x
            case "standardise":
                return lambda x: (x - a) / b
            case "stretch":
                return lambda x: x * a + b
            case "clip":
                return lambda x: a if x < a else b if x > b else x
            case "indicate":
                return lambda x: float(x != x)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A number for each known value.

    Parameters
    ----------
    keys : tuple of str or tuple of float
        The known values.
    values : tuple of float
        One per key; NaN is a missing value.
    unknown : float or None
        For any other value; None when the curation refuses it.
    missing : float or None
        For a missing value; None when the curation refuses it.
    """

    keys: tuple[str | float, ...]
    values: tuple[float, ...]
    unknown: float | None
    missing: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedColumn:
    """How one curated column comes from one prepared field.

    Parameters
    ----------
    source : str
        The prepared field.
    is_text : bool
        Whether the field is text; else it is a number or a truth value, which counts as 1 or 0.
    steps : tuple of Step
        Applied to a number first, in order; empty for text.
    lookup : Lookup or None
        Applied to what the steps give; text always has one.
    """

    source: str
    is_text: bool
    steps: tuple[Step, ...] = ()
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearCore:
    """Outputs that are weighted sums of the curated columns.

    Parameters
    ----------
    link : {"identity", "logit", "softmax", "one_vs_rest"}
        How probabilities come from the outputs. ``logit`` has one output, the log-odds of the
        second class; ``one_vs_rest`` divides the logistic of each output by their sum.
    intercepts : tuple of float
        One per output.
    weights : tuple of tuple of float
        Per output, one weight per curated column.
    means : tuple of float
        Mean of each curated column over the training rows, the base of its reasons.
    """

    link: Literal["identity", "logit", "softmax", "one_vs_rest"]
    intercepts: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCore:
    """An ensemble of trees; the arrays are those of `crispml_core.serving.compiled.trees`.

    The leaves of a forest hold the answer of their tree. It is divided by `members` after the sum,
    as scikit-learn does it, so that a decision on a threshold is the same one.

    Parameters
    ----------
    link : {"identity", "logit", "softmax", "log"}
        How the answer comes from the outputs. ``identity``: they are the number or the
        probabilities by class; of two classes only that of the second. ``log``: the number is the
        exponential of the output.
    allows_missing : bool
        Whether a curated value may be missing.
    members : int
        What the sum over the trees is divided by.
    """

    link: Literal["identity", "logit", "softmax", "log"]
    allows_missing: bool
    roots: RawArray
    feature: RawArray
    threshold: RawArray
    left: RawArray
    right: RawArray
    missing_left: RawArray
    category_set: RawArray
    category_sets: RawArray
    value: RawArray
    cover: RawArray
    baseline: RawArray
    float32_inputs: bool = False
    members: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepCore:
    """An ensemble of trees that are too large for bit vectors.

    The nodes next to the roots are an ensemble of small trees. Whoever leaves it enters a block or
    is done. A block is up to seven nodes of one tree that hang together; it is answered by all of
    its tests at once. Blocks lie so that a branch leads to a later block.

    A test compares the rank of a value with a bound: how many of the thresholds of a scale are
    below the value. It goes left when the rank is at most the bound.

    Parameters
    ----------
    link, allows_missing, float32_inputs, members
        See `TreeCore`.
    baseline : RawArray of shape (n_outputs,), float64
        What the outputs start from.
    top : TreeCore
        The nodes next to the roots. The value of a leaf is where it leads: the number of a block,
        or ``-1 - v`` for the row v of `values`.
    scale_column : RawArray of shape (n_scales,), int32
        The curated column that a scale ranks.
    scale_missing_left : RawArray of shape (n_scales,), bool
        Whether a missing value ranks lowest, so that it goes left; else it ranks highest.
    scale_set : RawArray of shape (n_scales,), int32
        Row of `category_sets` for a scale that ranks what is in the set 0 and anything else 1;
        -1 for one with thresholds.
    scale_ends : RawArray of shape (n_scales,), int32
        Where the thresholds of a scale end; those of the next one begin there.
    thresholds : RawArray of shape (n_thresholds,), float64
        The thresholds of all scales, rising within each.
    category_sets : RawArray of shape (n_sets, 8), uint32
        Bitsets over the codes 0 to 255.
    scale, bound : RawArray of shape (n_blocks, 7), uint16
        The tests of each block from left to right. Behind the last one the bound is 65535.
    shape : RawArray of shape (n_blocks,), uint16
        Row of `shapes`.
    shapes : RawArray of shape (n_shapes, 7), uint8
        Per test the first exit below its left branch, counted from the left; the last one is the
        exit with the number of the test.
    exits : RawArray of shape (n_exits,), int32
        Where the exits of all blocks lead, block by block from left to right, as in `top`. A block
        has one exit more than tests.
    exit_cover : RawArray of shape (n_exits,), float64 or float32
        Training rows (weighted) that leave a block by each exit.
    values : RawArray of shape (n_values, n_outputs), float64
        The different values of the leaves.
    """

    link: Literal["identity", "logit", "softmax", "log"]
    allows_missing: bool
    float32_inputs: bool
    members: int
    baseline: RawArray
    top: TreeCore
    scale_column: RawArray
    scale_missing_left: RawArray
    scale_set: RawArray
    scale_ends: RawArray
    thresholds: RawArray
    category_sets: RawArray
    scale: RawArray
    bound: RawArray
    shape: RawArray
    shapes: RawArray
    exits: RawArray
    exit_cover: RawArray
    values: RawArray


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxCore:
    """An ONNX graph from the curated matrix.

    Parameters
    ----------
    graph : bytes
        The serialised model: one input ``X``; the answer is the output that `output` names.
    output : str
        It gives the probabilities by class, or the number.
    dtype : {"float32", "float64"}
        Type of the input.
    """

    graph: bytes
    output: str
    dtype: Literal["float32", "float64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A compiled model: exactly one core.

    Parameters
    ----------
    columns : tuple of CuratedColumn
        The curated columns, in the order that the core counts them.
    outputs : int
        Numbers per record that the core gives.
    """

    columns: tuple[CuratedColumn, ...]
    outputs: int
    linear: LinearCore | None = None
    trees: TreeCore | None = None
    deep: DeepCore | None = None
    onnx: OnnxCore | None = None
    format: int = FORMAT

    @property
    def sources(self) -> tuple[str, ...]:
        """The prepared field of each curated column."""
        return tuple(column.source for column in self.columns)

    @property
    def kind(self) -> Kind:
        """Which core there is."""
        if self.linear is not None:
            return "linear"
        return "onnx" if self.onnx is not None else "trees"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledForm:
    """What the manifest of a version says about its compiled form.

    Parameters
    ----------
    kind : str or None
        The core of the plan that serves; None when scikit-learn serves.
    reason : str
        Why scikit-learn serves; empty when the plan does.
    deviation : float or None
        Largest difference from scikit-learn over the golden records and the ``test`` split: of a
        probability, or relative to the number.
    rows : int
        How many records were compared.
    tolerance : float
        How closely the golden records must be reproduced.
    """

    kind: Kind | None = None
    reason: str = ""
    deviation: float | None = None
    rows: int = 0
    tolerance: float = EXACT
