"""Decimals as text: as floats are written, as long as a float says the same."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

# Every decimal of so many digits is a float of its own (DBL_DIG of C).
_DIGITS_OF_FLOATS = 15


def exact_texts(values: pa.Array) -> pa.Array | None:
    """Return the texts of the decimals that have more digits than a float keeps.

    Returns
    -------
    pyarrow.Array of string, optional
        Null where a float says the same; None where it does everywhere.
    """
    if values.type.precision <= _DIGITS_OF_FLOATS:
        return None
    texts = [None if value is None else _exact_text(value) for value in values.to_pylist()]
    return pa.array(texts, pa.string()) if any(text is not None for text in texts) else None


def _exact_text(value: Decimal) -> str | None:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    digits = text.lstrip("-").replace(".", "").strip("0")
    return text if len(digits) > _DIGITS_OF_FLOATS else None
