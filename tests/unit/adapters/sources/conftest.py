"""The rows of the toy use case, wherever they may lie, and how to read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crispml_core.adapters.sources import build_source
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.data_ingestion import DataIngestion

Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def read(toy: UseCase) -> Read:
    """Read a declared source and conform its rows: ``read(CsvSource(...), where=...)``."""

    def run(source: Any, connections: dict[str, str] | None = None, **selection: Any) -> Any:
        use_case = replace(toy, source=source)
        batches = build_source(use_case, connections or {}).read(Selection(**selection))
        raw = list(DataIngestion(use_case).run(batches))
        return pa.Table.from_batches(raw).to_pylist()

    return run


@pytest.fixture
def content(tmp_path: Path) -> Callable[[bytes], str]:
    """Write bytes into a CSV file and return its path."""

    def write(content: bytes) -> str:
        path = tmp_path / "content.csv"
        path.write_bytes(content)
        return str(path)

    return write
