"""Inference requests of the Open Inference Protocol V2, as records of a use case."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from crispml_core.domain.errors import InvalidInput, MalformedContent, TooLarge
from crispml_core.rest.dialects.columns import CheckedRecords, ColumnReader, Columns, by_position
from crispml_core.rest.dialects.leniency import Family
from crispml_core.rest.dialects.v2_binary import NUMPY_TYPES, unpack
from crispml_core.rest.formats.unique_keys import colons, may_repeat_a_key
from crispml_core.rest.strict_json import parse_json

_NOTHING = msgspec.Raw(b"")
_FAMILIES: dict[str, Family] = {
    "BYTES": "text",
    "BOOL": "truth",
    **{
        name: "float" if name.startswith("FP") else "whole"
        for name in NUMPY_TYPES
        if name != "BOOL"
    },
}
_DECODERS: dict[Family, Any] = {
    "text": msgspec.json.Decoder(list[str | None]),
    "truth": msgspec.json.Decoder(list[bool | None]),
    "whole": msgspec.json.Decoder(list[int | None]),
    "float": msgspec.json.Decoder(list[float | None]),
}
_NESTED_DECODERS: dict[Family, Any] = {
    "text": msgspec.json.Decoder(list[list[str | None]]),
    "truth": msgspec.json.Decoder(list[list[bool | None]]),
    "whole": msgspec.json.Decoder(list[list[int | None]]),
    "float": msgspec.json.Decoder(list[list[float | None]]),
}
_WORDS: dict[Family, str] = {
    "text": "texts",
    "truth": "true or false",
    "whole": "whole numbers",
    "float": "numbers",
}


class InferInput(msgspec.Struct):
    """One tensor of a request."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: msgspec.Raw = _NOTHING


class InferOutput(msgspec.Struct):
    """One tensor that the answer shall have."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct):
    """A request as it came; `tail` are the bytes behind the JSON."""

    inputs: list[InferInput]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[InferOutput] | None = None
    tail: bytes = b""

    @property
    def rows(self) -> int:
        """How many records the first tensor says there are."""
        shape = self.inputs[0].shape
        return shape[0] if shape else 0


_decode = msgspec.json.Decoder(InferRequest).decode


def read_request(body: bytes, header_length: str | None = None) -> InferRequest:
    """Read a request.

    Parameters
    ----------
    body : bytes
        JSON, or JSON and tensors behind it.
    header_length : str, optional
        Value of the header ``Inference-Header-Content-Length``: how long the JSON is.

    Raises
    ------
    MalformedContent
        If the JSON is none, or names a key twice.
    InvalidInput
        If it is no inference request.
    """
    text, tail = body, b""
    if header_length is not None:
        if (
            not header_length.isdecimal()
            or len(header_length) > 18
            or int(header_length) > len(body)
        ):
            raise InvalidInput(
                "header Inference-Header-Content-Length must be the length of the JSON part"
            )
        text, tail = body[: int(header_length)], body[int(header_length) :]
    try:
        request = _decode(text)
    except msgspec.ValidationError as error:
        parse_json(text)
        raise InvalidInput(f"the body is no inference request: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        parse_json(text)
        raise MalformedContent("the body is not JSON") from None
    if _may_repeat_a_key(text, request):
        _check_strictly(_without_data(text, request.inputs))
    if not request.inputs:
        raise InvalidInput("inputs: send at least one")
    request.tail = tail
    return request


def _may_repeat_a_key(text: bytes, request: InferRequest) -> bool:
    """Do what `may_repeat_a_key` does, for a request of the usual members only."""
    members = [request.id, request.parameters, request.outputs]
    usual = 1 + len(members) - members.count(None) + colons(members[:2])
    for tensor in request.inputs:
        usual += 3 + tensor.name.count(":") + (len(tensor.data) > 0)
        if tensor.parameters is not None:
            usual += 1 + colons(tensor.parameters)
        if tensor.datatype == "BYTES":
            usual += bytes(tensor.data).count(b":")
    for output in request.outputs or ():
        usual += 1 + output.name.count(":")
        if output.parameters is not None:
            usual += 1 + colons(output.parameters)
    return b"\\u003" in text or text.count(b":") != usual


def _check_strictly(envelope: bytes) -> None:
    """Refuse JSON that the decoder of requests was too generous to."""
    try:
        value = msgspec.json.decode(envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        parse_json(envelope)
        return
    if may_repeat_a_key(envelope, value):
        parse_json(envelope)


def _without_data(text: bytes, inputs: Sequence[InferInput]) -> bytes:
    """Return the JSON with null for the data of the tensors, which are nearly all of it."""
    start, parts, end = _address(text), [], 0
    for tensor in inputs:
        if not len(tensor.data):
            continue
        place = _address(tensor.data) - start
        parts += [text[end:place], b"null"]
        end = place + len(tensor.data)
    return b"".join([*parts, text[end:]])


def _address(data: Any) -> int:
    import numpy as np

    return int(np.frombuffer(data, np.uint8).__array_interface__["data"][0])


def read_records(request: InferRequest, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    """Return the records of a request.

    One tensor per field, each of shape [n] or [n, 1]; or a single tensor of shape [n, fields] whose
    columns are named by its parameter ``column_names``, or else have the order of the fields.

    Raises
    ------
    InvalidInput
        If shapes, datatypes and data do not fit together.
    TooLarge
        If there are more than `max_rows` records.
    InvalidRecords
        If fields are missing or unknown, or values break their rules.
    """
    for number, tensor in enumerate(request.inputs, start=1):
        _check_tensor(tensor, f"input number {number}")
    rows = request.rows
    if rows < 1:
        raise InvalidInput("inputs: send at least one record")
    if rows > max_rows:
        raise TooLarge(f"inputs: send at most {max_rows} records in one request")
    if _is_matrix(request.inputs, reader):
        return reader.from_columns(_matrix(request, reader))
    return reader.from_columns(list(_columns(request, rows)))


def _check_tensor(tensor: InferInput, what: str) -> None:
    if tensor.datatype not in _FAMILIES:
        raise InvalidInput(f"{what}: datatype must be one of {', '.join(_FAMILIES)}")
    if not 1 <= len(tensor.shape) <= 2 or min(tensor.shape) < 0:
        raise InvalidInput(f"{what}: shape must be [n], [n, 1] or [n, fields]")


def _is_matrix(inputs: Sequence[InferInput], reader: ColumnReader) -> bool:
    if len(inputs) > 1:
        return False
    shape = inputs[0].shape
    return len(shape) == 2 and (shape[1] != 1 or inputs[0].name not in reader.schema)


def _columns(request: InferRequest, rows: int) -> Iterator[tuple[str, Family, Sequence[Any]]]:
    place = 0
    for number, tensor in enumerate(request.inputs, start=1):
        what = f"input number {number}"
        if math.prod(tensor.shape) != rows or tensor.shape[0] != rows:
            raise InvalidInput(f"{what}: every input must have the shape [n] or [n, 1], the same n")
        values, place = _values(tensor, request.tail, place, what)
        yield tensor.name, _FAMILIES[tensor.datatype], values
    _check_end(request, place)


def _matrix(request: InferRequest, reader: ColumnReader) -> Columns:
    tensor, what = request.inputs[0], "input number 1"
    names = (tensor.parameters or {}).get("column_names") or list(reader.schema.names)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput(f"{what}: parameter column_names must be a list of texts")
    if len(names) != tensor.shape[1]:
        raise InvalidInput(f"{what}: its shape must be [n, {len(names)}], a column per field")
    values, place = _values(tensor, request.tail, 0, what)
    _check_end(request, place)
    return by_position(names, _FAMILIES[tensor.datatype], values)


def _values(tensor: InferInput, tail: bytes, place: int, what: str) -> tuple[Sequence[Any], int]:
    """Return the values of a tensor, and where the bytes of the next one begin."""
    elements = math.prod(tensor.shape)
    size = (tensor.parameters or {}).get("binary_data_size")
    if size is None:
        return _decoded(tensor, elements, what), place
    if type(size) is not int or not 0 <= size <= len(tail) - place:
        raise InvalidInput(f"{what}: binary_data_size must say how many bytes it has in the body")
    data = tail[place : place + size]
    return unpack(data, tensor.datatype, elements, what), place + size


def _decoded(tensor: InferInput, elements: int, what: str) -> Sequence[Any]:
    family = _FAMILIES[tensor.datatype]
    try:
        values: list[Any] = _DECODERS[family].decode(tensor.data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        values = _flattened(tensor, family, what)
    if len(values) != elements:
        raise InvalidInput(f"{what}: data must have as many values as its shape says")
    return values


def _flattened(tensor: InferInput, family: Family, what: str) -> list[Any]:
    try:
        nested = _NESTED_DECODERS[family].decode(tensor.data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidInput(f"{what}: data must be a list of {_WORDS[family]}") from None
    if len(nested) != tensor.shape[0]:
        raise InvalidInput(f"{what}: data must have as many rows as its shape says")
    return [value for row in nested for value in row]


def _check_end(request: InferRequest, place: int) -> None:
    if place != len(request.tail):
        raise InvalidInput("the body has more bytes than binary_data_size of its inputs says")
