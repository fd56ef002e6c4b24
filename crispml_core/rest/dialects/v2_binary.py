"""Tensors as bytes behind the JSON: the binary tensor extension of the Open Inference Protocol.

Elements are little-endian, row after row. A BYTES element is its length in 4 bytes and its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crispml_core.domain.errors import InvalidInput

NUMPY_TYPES = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


def unpack(data: bytes, datatype: str, elements: int, what: str) -> list[Any]:
    """Return the values of a tensor as plain Python values.

    Parameters
    ----------
    data : bytes
        The part of the body that belongs to the tensor.
    datatype : str
        BYTES or a key of `NUMPY_TYPES`.
    elements : int
        How many its shape has.
    what : str
        The tensor as an error names it.

    Raises
    ------
    InvalidInput
        If there are more or fewer elements, or a text is not UTF-8.
    """
    if datatype == "BYTES":
        return _unpack_texts(data, elements, what)
    import numpy as np  # only when tensors come: an idle process stays small

    kind = np.dtype(NUMPY_TYPES[datatype])
    if len(data) != elements * kind.itemsize:
        raise _mismatch(what)
    if datatype == "BOOL":
        return list(map(bool, data))
    values: list[Any] = np.frombuffer(data, kind).tolist()
    return values


def _unpack_texts(data: bytes, elements: int, what: str) -> list[str]:
    texts, place, end = [], 0, len(data)
    # Most columns repeat few texts, and looking one up is cheaper than decoding it.
    known: dict[bytes, str] = {}
    try:
        while place < end:
            start = place + 4
            place = start + int.from_bytes(data[place:start], "little")
            content = data[start:place]
            text = known.get(content)
            if text is None:
                text = known[content] = content.decode()
            texts.append(text)
    except UnicodeDecodeError:
        raise InvalidInput(f"{what}: a text is not UTF-8") from None
    if place != end or len(texts) != elements:
        raise _mismatch(what)
    return texts


def _mismatch(what: str) -> InvalidInput:
    return InvalidInput(f"{what}: its bytes are not what datatype and shape say")


def pack_texts(texts: Iterable[str]) -> bytes:
    """Return texts as a BYTES tensor."""
    packed: dict[str, bytes] = {}
    parts = []
    for text in texts:
        part = packed.get(text)
        if part is None:
            content = text.encode()
            part = packed[text] = len(content).to_bytes(4, "little") + content
        parts.append(part)
    return b"".join(parts)


def pack_numbers(numbers: Sequence[float | None]) -> bytes:
    """Return numbers as an FP64 tensor; a missing one is NaN."""
    import numpy as np

    return np.array(numbers, "<f8").tobytes()
