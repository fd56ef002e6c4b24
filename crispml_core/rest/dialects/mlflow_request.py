"""Bodies of ``/invocations`` as MLflow and SageMaker send them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from crispml_core.domain.errors import InvalidInput, MalformedContent, TooLarge, UnsupportedContent
from crispml_core.rest.content import JSON
from crispml_core.rest.dialects.columns import CheckedRecords, ColumnReader
from crispml_core.rest.formats.media import CSV, PARQUET, record_media
from crispml_core.rest.formats.unique_keys import may_repeat_a_key
from crispml_core.rest.strict_json import parse_json

INVOCATION_MEDIA = (JSON, CSV, PARQUET)
"""What a body may be; CSV and Parquet are read by `crispml_core.rest.formats.body`."""

_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_NAN = re.compile(rb'"(?:[^"\\]|\\.)*"|\bNaN\b')

_decode = msgspec.json.Decoder().decode


class Params(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What may come as ``params``.

    Parameters
    ----------
    alias, version : str, optional
        Which version answers.
    predict_method : {"predict", "predict_proba"}
        Whether the predictions are decisions, or the probabilities of the classes.
    explain, interval : bool and float, optional
        As in a scoring request.
    """

    alias: str | None = None
    version: str | None = None
    predict_method: Literal["predict", "predict_proba"] = "predict"
    explain: bool = False
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A body as it came: which of the four keys, what is under it, and the ``params``."""

    key: str
    data: Any
    params: Params


def invocation_media(content_type: str) -> str:
    """Return the media type of a body; JSON where SageMaker sends none.

    Raises
    ------
    UnsupportedContent
        If it is none of `INVOCATION_MEDIA`.
    """
    media = record_media(content_type) if content_type else JSON
    if media not in INVOCATION_MEDIA:
        raise UnsupportedContent(
            f"header Content-Type must be one of: {', '.join(INVOCATION_MEDIA)}"
        )
    return media


def read_invocation(body: bytes) -> Invocation:
    """Read a JSON body.

    MLflow's client writes a missing number as NaN, which no JSON has; it is read as null here.

    Raises
    ------
    MalformedContent
        If the body is not JSON, or names a key twice.
    InvalidInput
        If it has not exactly one of the four keys, an unknown one, or unknown ``params``.
    """
    document = _parsed(body)
    if not isinstance(document, dict):
        raise InvalidInput(f"send an object with one of: {', '.join(_KEYS)}")
    found = [key for key in _KEYS if key in document]
    if len(found) != 1:
        raise InvalidInput(f"send exactly one of: {', '.join(_KEYS)}")
    if document.keys() - {found[0], "params"}:
        raise InvalidInput(f"beside {found[0]} only params may be sent")
    params = document.get("params")
    return Invocation(found[0], document[found[0]], _params({} if params is None else params))


def _parsed(body: bytes) -> Any:
    if b"NaN" in body:
        body = _NAN.sub(lambda found: b"null" if found[0] == b"NaN" else found[0], body)
    try:
        document = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        parse_json(body)
        raise MalformedContent("the body is not JSON") from None
    return parse_json(body) if may_repeat_a_key(body, document) else document


def _params(given: Any) -> Params:
    try:
        return msgspec.convert(given, Params)
    except msgspec.ValidationError:
        known = ", ".join(Params.__struct_fields__)
        raise InvalidInput(
            f"params must be an object of {known}; predict_method is predict or predict_proba"
        ) from None


def read_frame(invocation: Invocation, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    """Return the records of a body.

    Raises
    ------
    InvalidInput
        If the data are not of the form that their key promises.
    TooLarge
        If there are more than `max_rows` records.
    InvalidRecords
        If fields are missing or unknown, or values break their rules.
    """
    return _READERS[invocation.key](invocation, reader, max_rows)


def _split(invocation: Invocation, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    data = invocation.data
    if not isinstance(data, dict) or data.keys() - {"columns", "index", "data"}:
        raise InvalidInput("dataframe_split must be an object of columns, data and maybe index")
    names = data.get("columns")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput("dataframe_split: columns must be a list of field names")
    return _from_rows("dataframe_split: data", names, data.get("data"), reader, max_rows)


def _records(invocation: Invocation, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    data = invocation.data
    if not isinstance(data, list):
        raise InvalidInput(f"{invocation.key} must be a list of records")
    _check_size(invocation.key, len(data), max_rows)
    return reader.from_records(data)


def _instances(invocation: Invocation, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    data = invocation.data
    if isinstance(data, list) and data and isinstance(data[0], list):
        return _from_rows(invocation.key, reader.schema.names, data, reader, max_rows)
    return _records(invocation, reader, max_rows)


def _inputs(invocation: Invocation, reader: ColumnReader, max_rows: int) -> CheckedRecords:
    data = invocation.data
    if not isinstance(data, dict):
        return _instances(invocation, reader, max_rows)
    return _from_columns(data, reader, max_rows)


def _from_columns(data: Mapping[str, Any], reader: ColumnReader, max_rows: int) -> CheckedRecords:
    lists = [isinstance(values, list) for values in data.values()]
    if not any(lists):
        data = {name: [value] for name, value in data.items()}
    elif not all(lists):
        raise InvalidInput("inputs: every field must be a list of values, one per record")
    sizes = set(map(len, data.values()))
    if len(sizes) != 1:
        raise InvalidInput("inputs: every field must have the same number of values, at least one")
    _check_size("inputs", sizes.pop(), max_rows)
    return reader.from_columns([(name, "json", values) for name, values in data.items()])


def _from_rows(
    what: str, names: Sequence[str], rows: Any, reader: ColumnReader, max_rows: int
) -> CheckedRecords:
    if not isinstance(rows, list) or set(map(type, rows)) - {list}:
        raise InvalidInput(f"{what} must be a list of rows, each a list of values")
    _check_size(what, len(rows), max_rows)
    if set(map(len, rows)) != {len(names)}:
        raise InvalidInput(f"{what}: every row must have {len(names)} values, one per column")
    columns = zip(*rows, strict=True)
    return reader.from_columns(
        [(name, "json", values) for name, values in zip(names, columns, strict=True)]
    )


def _check_size(what: str, rows: int, max_rows: int) -> None:
    if not rows:
        raise InvalidInput(f"{what}: send at least one record")
    if rows > max_rows:
        raise TooLarge(f"{what}: send at most {max_rows} records in one request")


_READERS: dict[str, Callable[[Invocation, ColumnReader, int], CheckedRecords]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
