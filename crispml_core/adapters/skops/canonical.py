"""Equal models as equal bytes.

skops names things by their address in memory and stamps the archive with the time. Renaming by
order of appearance and a fixed time make the digest of a model file depend on the model alone.
"""

from __future__ import annotations

import io
import json
from typing import Any
from zipfile import ZipFile, ZipInfo

SCHEMA = "schema.json"


def canonical(content: bytes) -> bytes:
    """Return the skops archive with its names in order of appearance, without times."""
    ids: dict[int, int] = {}
    files: dict[str, str] = {}

    def rename(node: Any) -> None:
        if isinstance(node, dict):
            # A dictionary that was persisted may have the same keys; its values are nodes.
            if isinstance(node.get("__id__"), int):
                node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
            if isinstance(node.get("file"), str):
                suffix = node["file"].rpartition(".")[2]
                node["file"] = files.setdefault(node["file"], f"{len(files) + 1}.{suffix}")
            for value in node.values():
                rename(value)
        elif isinstance(node, list):
            for value in node:
                rename(value)

    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as before, ZipFile(buffer, "w") as after:
        schema = json.loads(before.read(SCHEMA))
        rename(schema)
        after.writestr(ZipInfo(SCHEMA), json.dumps(schema, separators=(",", ":")))
        for old, new in files.items():
            after.writestr(ZipInfo(new), before.read(old))
    return buffer.getvalue()
