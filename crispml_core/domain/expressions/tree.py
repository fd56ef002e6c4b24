"""The tree of an expression, built by Python operators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from crispml_core.domain.errors import InvalidInput, did_you_mean


class Kind(StrEnum):
    """What an expression gives: a number, a text or a truth value."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes and gives; None is any kind, the same for every None."""

    arguments: tuple[Kind | None, ...]
    result: Kind | None


_N, _T, _B = Kind.NUMBER, Kind.TEXT, Kind.TRUTH

FUNCTIONS: Mapping[str, Signature] = {
    "add": Signature((_N, _N), _N),
    "subtract": Signature((_N, _N), _N),
    "multiply": Signature((_N, _N), _N),
    "divide": Signature((_N, _N), _N),
    "negate": Signature((_N,), _N),
    "abs": Signature((_N,), _N),
    "log": Signature((_N,), _N),
    "log1p": Signature((_N,), _N),
    "sqrt": Signature((_N,), _N),
    "floor": Signature((_N,), _N),
    "least": Signature((_N, _N), _N),
    "greatest": Signature((_N, _N), _N),
    "eq": Signature((None, None), _B),
    "ne": Signature((None, None), _B),
    "lt": Signature((_N, _N), _B),
    "le": Signature((_N, _N), _B),
    "gt": Signature((_N, _N), _B),
    "ge": Signature((_N, _N), _B),
    "both": Signature((_B, _B), _B),
    "either": Signature((_B, _B), _B),
    "negation": Signature((_B,), _B),
    "starts_with": Signature((_T, _T), _B),
    "is_missing": Signature((None,), _B),
    "coalesce": Signature((None, None), None),
    "where": Signature((_B, None, None), None),
}


class Expression(ABC):
    """Base of all nodes, with the operators: ``field("a") + 1 > field("b")`` is a tree."""

    __slots__ = ()
    # A tree has no order and no truth of its own: == builds a node, so nodes are compared with
    # `same_as`.
    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: object) -> Call:
        return call("add", self, other)

    def __radd__(self, other: object) -> Call:
        return call("add", other, self)

    def __sub__(self, other: object) -> Call:
        return call("subtract", self, other)

    def __rsub__(self, other: object) -> Call:
        return call("subtract", other, self)

    def __mul__(self, other: object) -> Call:
        return call("multiply", self, other)

    def __rmul__(self, other: object) -> Call:
        return call("multiply", other, self)

    def __truediv__(self, other: object) -> Call:
        return call("divide", self, other)

    def __rtruediv__(self, other: object) -> Call:
        return call("divide", other, self)

    def __neg__(self) -> Call:
        return call("negate", self)

    def __eq__(self, other: object) -> Call:  # type: ignore[override]
        return call("eq", self, other)

    def __ne__(self, other: object) -> Call:  # type: ignore[override]
        return call("ne", self, other)

    def __lt__(self, other: object) -> Call:
        return call("lt", self, other)

    def __le__(self, other: object) -> Call:
        return call("le", self, other)

    def __gt__(self, other: object) -> Call:
        return call("gt", self, other)

    def __ge__(self, other: object) -> Call:
        return call("ge", self, other)

    def __and__(self, other: object) -> Call:
        return call("both", self, other)

    def __or__(self, other: object) -> Call:
        return call("either", self, other)

    def __invert__(self) -> Call:
        return call("negation", self)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value yet: use & | ~ instead of and, or, not")

    def fields(self) -> Iterator[str]:
        """Yield the names of the fields that the expression reads, in order of appearance."""
        yield from ()

    @abstractmethod
    def kind(self, fields: Mapping[str, Kind]) -> Kind:
        """Return what the expression gives when its fields are of these kinds.

        Raises
        ------
        InvalidInput
            If a field is unknown or an argument is of the wrong kind.
        """

    def same_as(self, other: Expression) -> bool:
        """Return whether two trees are equal (``==`` builds a comparison instead)."""
        return repr(self) == repr(other)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FieldRef(Expression):
    """The value of a field."""

    name: str

    def __repr__(self) -> str:
        return self.name

    def fields(self) -> Iterator[str]:
        """Yield the name of the field."""
        yield self.name

    def kind(self, fields: Mapping[str, Kind]) -> Kind:
        """Return the kind of the field, or raise `InvalidInput` when there is no such field."""
        if self.name not in fields:
            guess = did_you_mean(self.name, fields)
            known = ", ".join(fields)
            raise InvalidInput(f"an expression reads an unknown field{guess}; known: {known}")
        return fields[self.name]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Literal(Expression):
    """A constant."""

    value: float | str | bool

    def __repr__(self) -> str:
        return repr(self.value)

    def kind(self, fields: Mapping[str, Kind]) -> Kind:
        """Return the kind of the constant."""
        if isinstance(self.value, bool):
            return Kind.TRUTH
        return Kind.TEXT if isinstance(self.value, str) else Kind.NUMBER


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Expression):
    """One of `FUNCTIONS` applied to other expressions."""

    function: str
    arguments: tuple[Expression, ...]

    def __repr__(self) -> str:
        return f"{self.function}({', '.join(map(repr, self.arguments))})"

    def fields(self) -> Iterator[str]:
        """Yield the names that the arguments read."""
        for argument in self.arguments:
            yield from argument.fields()

    def kind(self, fields: Mapping[str, Kind]) -> Kind:
        """Return what the function gives, after checking its arguments."""
        signature = FUNCTIONS[self.function]
        kinds = [argument.kind(fields) for argument in self.arguments]
        # The tree itself is not shown: its literals may be personal data of a filter.
        given = f"{self.function}({', '.join(kinds)})"
        free = set()
        for kind, wanted in zip(kinds, signature.arguments, strict=True):
            if wanted is None:
                free.add(kind)
            elif kind is not wanted:
                raise InvalidInput(f"{given} needs a {wanted} where a {kind} is given")
        if len(free) > 1:
            raise InvalidInput(f"{given} mixes {' and '.join(sorted(free))}")
        return signature.result or free.pop()


def field(name: str) -> FieldRef:
    """Return the value of the field `name` as an expression."""
    return FieldRef(name)


def call(function: str, *arguments: object) -> Call:
    """Apply one of `FUNCTIONS`, turning plain Python values into literals.

    Raises
    ------
    InvalidInput
        If the function is unknown, or the number or type of its arguments is wrong.
    """
    if function not in FUNCTIONS:
        raise InvalidInput(
            f"unknown function{did_you_mean(function, FUNCTIONS)}; known: {', '.join(FUNCTIONS)}"
        )
    wanted = len(FUNCTIONS[function].arguments)
    if len(arguments) != wanted:
        raise InvalidInput(f"{function} takes {wanted} arguments, not {len(arguments)}")
    return Call(function, tuple(_node(argument) for argument in arguments))


def _node(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool | str):
        return Literal(value)
    if isinstance(value, int | float):
        return Literal(float(value))
    raise InvalidInput(
        "an expression is made of fields, numbers, texts and truth values, "
        f"not of {type(value).__name__}"
    )
