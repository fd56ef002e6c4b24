"""Expressions from text: ``amount / months``, ``age >= 18 and purpose == 'car'``."""

from __future__ import annotations

import ast
import math

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions.tree import Expression, FieldRef, Literal, call

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "negate", ast.Not: "negation"}

# Deep nesting is refused before Python's own parser would run out of stack.
MAX_LENGTH = 2000
MAX_DEPTH = 40


def parse(text: str) -> Expression:
    """Read an expression.

    Python's grammar is used for the syntax only: nothing is evaluated, and any construct outside
    the small language is refused.

    Raises
    ------
    InvalidInput
        If the text is not an expression of the language; the message says which part.

    Examples
    --------
    >>> parse("amount / months > 100")
    gt(divide(amount, months), 100.0)
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"an expression is at most {MAX_LENGTH} characters long")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput(
            "the expression is not well formed; "
            "write for example: amount / months > 100 and purpose == 'car'"
        ) from error
    return _convert(tree.body, 0)


def _convert(node: ast.expr, depth: int) -> Expression:
    if depth > MAX_DEPTH:
        raise InvalidInput(f"the expression is nested deeper than {MAX_DEPTH}")
    below = depth + 1
    match node:
        case ast.Constant(value=bool() as truth):
            return Literal(truth)
        case ast.Constant(value=str() as text):
            return Literal(_encodable(text))
        case ast.Constant(value=int() | float() as number):
            return Literal(_finite(number))
        case ast.Name(id=name):
            return FieldRef(name)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
            return call(_BINARY[type(operator)], _convert(left, below), _convert(right, below))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return call(_UNARY[type(sign)], _convert(operand, below))
        case ast.BoolOp(op=operator, values=values):
            name = "both" if isinstance(operator, ast.And) else "either"
            return _joined(name, [_convert(value, below) for value in values])
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if (
            type(operator) in _COMPARE
        ):
            return call(_COMPARE[type(operator)], _convert(left, below), _convert(right, below))
        case ast.Compare(
            left=left,
            ops=[ast.In()],
            comparators=[ast.List(elts=choices) | ast.Tuple(elts=choices)],
        ) if choices:
            one = _convert(left, below)
            return _joined(
                "either", [call("eq", one, _convert(choice, below)) for choice in choices]
            )
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return call(name, *(_convert(argument, below) for argument in arguments))
    raise InvalidInput(f"{type(node).__name__} is not part of the expression language")


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # an escape can spell what no source can hold
        raise InvalidInput("a text of the expression holds half of a surrogate pair") from None
    return text


def _finite(number: int | float) -> float:
    try:
        value = float(number)
    except OverflowError:  # an integer of more than 308 digits
        value = math.inf
    if not math.isfinite(value):
        raise InvalidInput("a number of the expression is too large for a float64")
    return value


def _joined(function: str, parts: list[Expression]) -> Expression:
    """Join many conditions to a tree that is as flat as possible, so that no length is too deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return call(function, _joined(function, parts[:middle]), _joined(function, parts[middle:]))
