"""Names of sources and sinks, which lead nowhere but below the folder of batches."""

from __future__ import annotations

from pathlib import Path

from crispml_core.adapters.volume.batch_errors import SETTING, batch_errors
from crispml_core.domain.errors import InvalidInput

WORK = ".work"
_LONGEST, _LONGEST_PART = 1000, 255


def place_below(root: Path, name: str, what: str) -> Path:
    """Return the place that a relative name means, links resolved; nothing need be there.

    Parameters
    ----------
    what : str
        What the caller calls the name, for the error, which never repeats the name itself.

    Raises
    ------
    InvalidInput
        If the name is absolute, hidden, goes up, or follows a link that leads out.
    """
    parts = name.split("/")
    if not name or len(name) > _LONGEST or name.startswith("/") or not name.isprintable():
        raise InvalidInput(
            f"{what} must be a relative path of at most {_LONGEST} characters, like scores/2026-11"
        )
    # A leading point is for the folder up and for what the service keeps to itself.
    if "\\" in name or any(not part or part.startswith(".") for part in parts):
        raise InvalidInput(f"{what} must not have empty parts, backslashes or parts like .. or .x")
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise InvalidInput(f"{what} must not have parts of more than {_LONGEST_PART} bytes")
    with batch_errors():
        base = root.resolve()
        try:
            found = base.joinpath(*parts).resolve()
        except (RuntimeError, OSError):  # links in a circle
            raise InvalidInput(f"{what} cannot be followed; name another place") from None
    if not found.is_relative_to(base) or found == base:
        raise InvalidInput(f"{what} leads out of the folder that {SETTING} names")
    return found
