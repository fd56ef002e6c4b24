"""Inference requests with one JSON tensor per field and many records, read in one pass.

The name of a tensor says which field it holds, so msgspec checks the values while it parses them.
What is not surely valid, or is sent in another way, is left to `v2_request`, which explains.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.rest.dialects.v2_binary import NUMPY_TYPES
from crispml_core.rest.dialects.v2_request import InferOutput, InferRequest
from crispml_core.rest.formats.unique_keys import names
from crispml_core.serving.json_types import json_type
from crispml_core.serving.names_twice import names_none_twice

if TYPE_CHECKING:
    import pyarrow as pa

    from crispml_core.tables.sure_batches import BatchMaker

# Name, shape, datatype and data.
_TENSOR_KEYS = 4
_FLOATS = tuple(name for name in NUMPY_TYPES if name.startswith("FP"))
_WHOLE = tuple(name for name in NUMPY_TYPES if name != "BOOL" and name not in _FLOATS)
# Other datatypes may hold the same values, after a conversion.
_DATATYPES = {"integer": _WHOLE, "number": _FLOATS, "boolean": ("BOOL",)}


class TensorColumns:
    """Reads requests that are surely valid; made once per record schema.

    Parameters
    ----------
    schema : RecordSchema
        What a record is.
    least_rows : int
        With fewer records a request is left to others.
    """

    def __init__(self, schema: RecordSchema, least_rows: int) -> None:
        self._schema, self._least_rows = schema, least_rows
        # A value is a character and a comma at least.
        self._least_bytes = 2 * least_rows * len(schema.names)
        tensors = tuple(_tensor(f, is_key=f.name == schema.record_key) for f in schema)
        request = msgspec.defstruct(
            "Request",
            [
                ("inputs", list[reduce(or_, tensors)]),  # type: ignore[misc]
                ("id", str | None, None),
                ("parameters", dict[str, Any] | None, None),
                ("outputs", list[InferOutput] | None, None),
            ],
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(request).decode
        self._places = {kind: place for place, kind in enumerate(tensors)}

    def read(self, body: bytes, max_rows: int) -> tuple[InferRequest, pa.RecordBatch] | None:
        """Return a request without its inputs, and its records; None in doubt.

        Parameters
        ----------
        body : bytes
            JSON, with nothing behind it.
        max_rows : int
            With more records it is in doubt.
        """
        if len(body) < self._least_bytes:
            return None
        try:
            request = self._decode(body)
            keys = _keys(request)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        columns = self._columns(request.inputs)
        if columns is None or not self._least_rows <= len(columns[0]) <= max_rows:
            return None
        if not names_none_twice(body, keys):
            return None
        batch = self._batch(columns)
        if batch is None:
            return None
        wanted = InferRequest([], request.id, request.parameters, request.outputs)
        return wanted, batch

    def _columns(self, tensors: list[Any]) -> list[list[Any]] | None:
        """Return the values in the order of the fields, if each is there once and fits."""
        ordered: list[Any] = [None] * len(self._places)
        for tensor in tensors:
            ordered[self._places[type(tensor)]] = tensor
        if None in ordered or len(tensors) != len(ordered):
            return None
        rows = len(ordered[0].data)
        for tensor in ordered:
            fits = len(tensor.data) == rows and tensor.shape in ([rows], [rows, 1])
            if not fits or "binary_data_size" in (tensor.parameters or ()):
                return None
        return [tensor.data for tensor in ordered]

    @cached_property
    def _batch(self) -> BatchMaker:
        # Here, because a process that answers single records needs no Arrow.
        from crispml_core.tables.sure_batches import BatchMaker

        return BatchMaker(self._schema)


def _tensor(field: Field, *, is_key: bool) -> Any:
    kind = json_type(field, is_key=is_key)
    values = list[kind | None] if field.nullable else list[kind]  # type: ignore[valid-type]
    return msgspec.defstruct(
        "Tensor",
        [
            ("shape", list[int]),
            ("datatype", Literal[_DATATYPES.get(field.type, ("BYTES",))]),
            ("data", values),
            ("parameters", dict[str, Any] | None, None),
        ],
        tag_field="name",
        tag=field.name,
    )


def _keys(request: Any) -> int:
    """Return how many keys the JSON of a request has, if it names none twice."""
    count = 1 + (request.id is not None)
    for tensor in request.inputs:
        count += _TENSOR_KEYS + _parameter_keys(tensor)
    if request.outputs is not None:
        count += 1 + sum(1 + _parameter_keys(output) for output in request.outputs)
    return count + _parameter_keys(request)


def _parameter_keys(owner: Any) -> int:
    return 0 if owner.parameters is None else 1 + names(owner.parameters)
