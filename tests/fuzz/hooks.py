"""What schemathesis has to be told to ask our services well."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

# With made-up names nearly everything is answered with 404.
KNOWN = {
    name: os.environ[f"FUZZ_{name.upper()}"]
    for name in ("use_case", "model", "alias", "version")
    if f"FUZZ_{name.upper()}" in os.environ
}


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Name something that exists, two times of three."""
    for name, value in (path_parameters or {}).items():
        if name in KNOWN and len(str(value)) % 3:
            path_parameters[name] = KNOWN[name]  # type: ignore[index]
    return path_parameters


@schemathesis.serializer("application/x-tar")
def tar(context: Any, value: Any) -> bytes:
    """Send a bundle as the bytes that were made up."""
    return value if isinstance(value, bytes) else str(value).encode()
