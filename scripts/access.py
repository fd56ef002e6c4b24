"""Write the tables of docs/access.md out of the tables in code: ``make access``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from crispml_core.governance.access import ROLES, Permission
from crispml_core.rest.access.operations import OPERATIONS
from crispml_core.settings import CrispMLSettings

PAGE = Path(__file__).parents[1] / "docs" / "access.md"
_ANYBODY, _KNOWN = "nothing", "a credential"


def roles() -> str:
    """Return what each role may do, as a table."""
    lines = [f"| Permission | {' | '.join(ROLES)} |", "|---|" + ":-:|" * len(ROLES)]
    lines += [
        f"| `{permission}` | "
        + " | ".join("✓" if permission in allowed else "" for allowed in ROLES.values())
        + " |"
        for permission in Permission
    ]
    return "\n".join(lines)


def routes() -> str:
    """Return what each route of the OpenAPI documents asks of its caller, as a table."""
    found: dict[str, set[str]] = {}
    for operations in _documents():
        for path, method, name in operations:
            asked = OPERATIONS[name]
            needs = f"`{asked.permission}`" if asked.permission else ""
            kind = needs or (_KNOWN if asked.known else _ANYBODY)
            found.setdefault(kind, set()).add(f"`{method} {path.removeprefix('/api/v1')}`")
    order = [_ANYBODY, _KNOWN, *(f"`{permission}`" for permission in Permission)]
    lines = ["| Needs | Routes, below `/api/v1` where they have no other place |", "|---|---|"]
    for kind in order:
        if kind in found:
            lines.append(f"| {kind} | {', '.join(sorted(found[kind], key=_place))} |")
    return "\n".join(lines)


def _place(text: str) -> tuple[str, str]:
    method, _, path = text.strip("`").partition(" ")
    return path, method


def _documents() -> list[list[tuple[str, str, str]]]:
    from crispml_scoring.app import create_app as create_scoring
    from crispml_training.app import create_app as create_training

    documents: list[dict[str, Any]] = [
        create(None, CrispMLSettings()).openapi() for create in (create_training, create_scoring)
    ]
    return [
        [
            (path, method.upper(), operation["operationId"])
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ]
        for document in documents
    ]


def written(page: str) -> str:
    """Return the page with its tables as they are in code."""
    for name, table in (("roles", roles()), ("routes", routes())):
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- end -->)",
            lambda found, table=table: found[1] + table + found[2],
            page,
            flags=re.DOTALL,
        )
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
