"""Record keys that no other load, and no other process of this one, has."""

from __future__ import annotations

import secrets

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import MAX_KEY_LENGTH, Field

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
# Of chance, so that two processes get the same one once in a million million times; and as many
# places as a process can count up to.
_TOKEN, _COUNT, _SHORTEST = 8, 7, 12
# Whole numbers beyond it are rounded by readers of JSON that know floats only.
_LARGEST = 2**53 - 1
_BLOCK = 1_000_000


class RecordKeys:
    """Gives one key after the other.

    Parameters
    ----------
    field : Field
        The record key of the use case.
    """

    def __init__(self, field: Field) -> None:
        self._number = 0
        self._is_text = field.type != "integer"
        self._first, self._token = 0, ""
        if self._is_text:
            room = min(field.max_length, MAX_KEY_LENGTH)
            if room < _SHORTEST:
                raise InvalidInput(
                    f"field {field.name}: keys of a load test need a max_length of {_SHORTEST}"
                )
            letters = min(_TOKEN, room - _COUNT)
            self._token = "".join(secrets.choice(_ALPHABET) for _ in range(letters))
        else:
            low = int(field.minimum if field.minimum is not None else 1)
            high = int(field.maximum if field.maximum is not None else _LARGEST)
            if high - low < _BLOCK:
                raise InvalidInput(f"field {field.name}: its range is too small for a load test")
            self._first = low + secrets.randbelow(high - low - _BLOCK + 1)

    def next(self) -> str | int:
        """Return a key that was not given before."""
        self._number += 1
        if not self._is_text:
            return self._first + self._number
        digits, number = "", self._number
        while number:
            number, digit = divmod(number, len(_ALPHABET))
            digits = _ALPHABET[digit] + digits
        return self._token + digits
