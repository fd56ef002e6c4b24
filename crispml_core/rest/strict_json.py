"""JSON without its traps: one meaning per text, or a refusal that names the place and no value."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from crispml_core.domain.errors import CrispMLError, MalformedContent, TooLarge

MAX_DEPTH = 32
# An empty object is two bytes in a text and some sixty in memory.
MAX_CONTAINERS = 1_000_000

_TWICE = "a key is there twice in its object; send it once"
_CONSTANT = "NaN and Infinity are not JSON; send null or leave the value out"
_RANGE = "the number is too large for a 64-bit float"
_DEPTH = f"arrays and objects are nested more than {MAX_DEPTH} deep"

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")(?P<key>\s*:)?"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|(?P<constant>NaN|-?Infinity)|(?P<number>-?[0-9][0-9.eE+-]*)""",
    re.DOTALL,
)


class _Refused(Exception):
    """Stops the parser; where and why is found afterwards, in a second pass."""


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    Whole numbers stay exact, however large; what they may be is the business of a schema.

    Parameters
    ----------
    body : bytes
        UTF-8, without a byte order mark.

    Raises
    ------
    MalformedContent
        If the bytes are not UTF-8 or not JSON, if an object names a key twice, or if they hold NaN,
        an infinity or half a surrogate pair.
    TooLarge
        If the nesting goes over `MAX_DEPTH`, there are more than `MAX_CONTAINERS` objects and
        arrays, or a number has thousands of digits.
    """
    if len(body) > MAX_CONTAINERS and body.count(b"{") + body.count(b"[") > MAX_CONTAINERS:
        raise TooLarge(f"the body holds more than {MAX_CONTAINERS} objects and arrays")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedContent(f"byte {error.start} of the body is not UTF-8") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
        )
    except (_Refused, RecursionError):
        raise _first_offence(text) from None
    except json.JSONDecodeError as error:
        raise MalformedContent(
            f"the body is not JSON: look at line {error.lineno}, column {error.colno}"
        ) from None
    except ValueError:
        raise TooLarge("the body holds a whole number with thousands of digits") from None
    if _too_deep(value):
        raise _first_offence(text)
    if "\\u" in text:
        _refuse_half_characters(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused
    return value


def _constant(name: str) -> float:
    raise _Refused


def _number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _Refused
    return value


def _too_deep(value: Any) -> bool:
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
    return depth > MAX_DEPTH


def _refuse_half_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MalformedContent("a text holds half of a surrogate pair") from None


def _first_offence(text: str) -> CrispMLError:
    """Find what the parser refused; the text before it is well formed, so tokens are enough."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                keys.append(set())
                if len(keys) > MAX_DEPTH:
                    return TooLarge(_at(text, token.start()) + _DEPTH)
            case "close":
                keys.pop()
            case "key":
                key = json.loads(token["text"])
                if key in keys[-1]:
                    return MalformedContent(_at(text, token.start()) + _TWICE)
                keys[-1].add(key)
            case "constant":
                return MalformedContent(_at(text, token.start()) + _CONSTANT)
            case "number" if math.isinf(float(token["number"])):
                return MalformedContent(_at(text, token.start()) + _RANGE)
    return MalformedContent("the body is not JSON")


def _at(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}: "
