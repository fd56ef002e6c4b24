"""Numbers that say which query gives them: the document of a route, and a JSON pointer into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crispml_core.domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The answer of a route, as it is.

    Parameters
    ----------
    service : str
        ``training`` or ``scoring``.
    path : str
        Path and query of the route.
    content : object
        What it answers, as JSON values.
    """

    service: str
    path: str
    content: Any

    def cite(self, *keys: str | int) -> dict[str, Any]:
        """Return the value below `keys` with where it comes from; a missing one is None.

        The value is read from the document by the pointer itself, so both cannot differ.
        """
        pointer = "".join(f"/{_escaped(str(key))}" for key in keys)
        try:
            value = resolve(self.content, pointer)
        except NotFound:
            value = None
        source = {"service": self.service, "path": self.path, "pointer": pointer}
        return {"value": value, "source": source}


def resolve(content: Any, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) points at, or raise `NotFound`.

    Examples
    --------
    >>> resolve({"kpis": [{"auc": 0.8}]}, "/kpis/0/auc")
    0.8
    """
    found = content
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise NotFound("place in the document") from None
    return found


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
