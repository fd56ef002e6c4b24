"""What a visitor filled in: read as texts, numbers and moments, with what is wrong by field."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from crispml_console.parts.page import Visit


class WrongInput(ValueError):
    """Raised when fields cannot be used as they are; says what to change, by id of the field."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(dict.fromkeys(fields.values())))
        self.fields = fields


class Filled:
    """Reads the fields of a form and collects what is wrong with them.

    Parameters
    ----------
    value_of : callable
        Returns the value of an input by its id; None if there is no such input.
    """

    def __init__(self, value_of: Callable[[str], object]) -> None:
        self._value_of = value_of
        self.wrong: dict[str, str] = {}

    @classmethod
    def of(cls, visit: Visit) -> Filled:
        """Read the inputs of a page as they are now."""
        return cls(lambda name: visit.input[name]() if name in visit.input else None)

    def text(self, id: str) -> str | None:  # noqa: A002 - as Shiny names it
        """Return a text without the white space around it; None for an empty one."""
        value = self._value_of(id)
        return str(value).strip() or None if value is not None else None

    def raw(self, id: str) -> object:  # noqa: A002 - as Shiny names it
        """Return a value as the browser sent it; None if there is none."""
        return self._value_of(id)

    def texts(self, id: str) -> list[str]:  # noqa: A002 - as Shiny names it
        """Return what is ticked in a group."""
        value = self._value_of(id)
        return [str(one) for one in value] if isinstance(value, list | tuple) else []

    def needed(self, id: str, otherwise: str) -> str:  # noqa: A002 - as Shiny names it
        """Return a text that must be there; `otherwise` says what to do if it is not."""
        value = self.text(id)
        if value is None:
            self.wrong[id] = otherwise
        return value or ""

    def number(self, id: str, name: str) -> float | None:  # noqa: A002 - as Shiny names it
        """Return a number; None for an empty field."""
        text = self.text(id)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.wrong[id] = f"{name} must be a number, for example 0.5"
            return None
        return value

    def whole(self, id: str, name: str) -> int | None:  # noqa: A002 - as Shiny names it
        """Return a whole number; None for an empty field."""
        text = self.text(id)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            self.wrong[id] = f"{name} must be a whole number"
            return None

    def moment(self, id: str, name: str) -> datetime | None:  # noqa: A002 - as Shiny names it
        """Return a moment, in UTC where the text names no time zone; None for an empty field."""
        text = self.text(id)
        if text is None:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.wrong[id] = f"{name} must be a moment such as 2026-11-01 or 2026-11-01T12:00Z"
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    def check(self) -> None:
        """Raise `WrongInput` if something was wrong."""
        if self.wrong:
            raise WrongInput(self.wrong)
