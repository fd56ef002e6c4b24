from __future__ import annotations

import hashlib
from collections import Counter

import pyarrow as pa
import pytest

from crispml_core.domain.use_case import Split
from crispml_core.tables.split import SPLIT_PURPOSE, assign_split, is_sampled, unit_numbers

KNOWN = {
    0: ["train", "test", "train", "train", "train", "select"],
    1: ["train", "train", "train", "train", "select", "select"],
}
KEYS = pa.array([f"GC-{number:04d}" for number in range(20_000)])


def test_the_split_of_a_record_is_known_for_ever() -> None:
    keys = pa.array(["GC-0001", "GC-0002", "GC-0003", "GC-0004", "GC-0005", "ß"])
    assert assign_split(keys, 0, Split()).to_pylist() == KNOWN[0]
    assert assign_split(keys, 1, Split()).to_pylist() == KNOWN[1]


def test_the_number_of_a_record_is_the_documented_one() -> None:
    digest = hashlib.blake2b(b"GC-0001", digest_size=8, key=b"42", person=b"crispml-split")
    wanted = (int.from_bytes(digest.digest(), "big") >> 11) / 2**53
    assert unit_numbers(pa.array(["GC-0001"]), 42, SPLIT_PURPOSE).tolist() == [wanted]


def test_an_integer_key_counts_as_its_decimal_text() -> None:
    integers = unit_numbers(pa.array([-7, 12]), 0, SPLIT_PURPOSE)
    assert integers.tolist() == unit_numbers(pa.array(["-7", "12"]), 0, SPLIT_PURPOSE).tolist()


@pytest.mark.parametrize("split", [Split(), Split(0.8, 0.1, 0.1)])
def test_shares_are_kept(split: Split) -> None:
    counts = Counter(assign_split(KEYS, 3, split).to_pylist())
    for name in ("train", "select", "test"):
        assert counts[name] / len(KEYS) == pytest.approx(getattr(split, name), abs=0.015)


def test_a_record_stays_in_its_split_when_rows_are_added_or_moved() -> None:
    alone = assign_split(KEYS.slice(77, 1), 5, Split())
    assert alone[0] == assign_split(KEYS, 5, Split())[77]


def test_a_sample_is_split_like_all_rows() -> None:
    sampled = KEYS.filter(pa.array(is_sampled(KEYS, 0, 0.2)))
    assert len(sampled) / len(KEYS) == pytest.approx(0.2, abs=0.01)
    counts = Counter(assign_split(sampled, 0, Split()).to_pylist())
    assert counts["train"] / len(sampled) == pytest.approx(0.6, abs=0.03)


def test_a_sample_is_the_documented_hash() -> None:
    digits = hashlib.sha256(b"crispml-sample:42:GC-0001").hexdigest()[:13]
    share = int(digits, 16) / 16**13
    assert is_sampled(pa.array(["GC-0001"]), 42, share + 1e-9).tolist() == [True]
    assert is_sampled(pa.array(["GC-0001"]), 42, share).tolist() == [False]


def test_a_share_of_nearly_all_is_all() -> None:
    assert is_sampled(KEYS, 0, 1 - 2**-53).all()
