from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from crispml_core.tables.findings import Findings
from crispml_core.tables.uniqueness import KeyRegister


def repeated(*batches: Any, again: Any = None) -> list[int | None]:
    register, findings = KeyRegister(), Findings()
    for batch in batches:
        register.add(pa.array(batch))
    register.report(findings, "key", again)
    assert all(problem.rule == "duplicate" for problem in findings.problems)
    return [problem.row for problem in findings.problems]


@pytest.mark.parametrize(
    ("batches", "rows"),
    [
        ([["a", "b"], ["c", "a"], ["a"]], [3, 4]),
        ([[1, 2, 3], [-1, 2]], [4]),
        ([["a"], ["b"]], []),
        ([[2**53, 2**53 + 1]], []),
        ([], []),
    ],
)
def test_rows_that_repeat_an_earlier_key_are_named(batches: Any, rows: list[int]) -> None:
    assert repeated(*batches) == rows


def test_missing_keys_repeat_nothing() -> None:
    assert repeated(["a", None, None], [None, "a"]) == [4]


def weak(texts: np.ndarray) -> np.ndarray:
    return np.array([len(text) for text in texts], np.uint64)


def test_keys_of_equal_hash_are_told_apart_by_a_second_look(monkeypatch: Any) -> None:
    monkeypatch.setattr(KeyRegister, "_hash_text", staticmethod(weak))
    clean, broken = ["a", "b", "long"], ["a", "b", "long", "long"]
    looks = []

    def again(keys: list[str]) -> Any:
        def read() -> Iterator[pa.Array]:
            looks.append(1)
            yield pa.array(keys)

        return read

    assert repeated(clean) == [1]
    assert repeated(clean, again=again(clean)) == []
    assert repeated(broken, again=again(broken)) == [3]
    assert len(looks) == 2


def test_without_equal_hashes_there_is_no_second_look() -> None:
    def again() -> Iterator[pa.Array]:
        raise AssertionError("not needed")

    assert repeated(["a", "b"], again=again) == []
