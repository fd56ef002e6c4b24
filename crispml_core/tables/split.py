"""Which rows are ``train``, ``select`` and ``test``: a hash of the record key and the seed.

The number of a record is BLAKE2b with an 8-byte digest over the key as UTF-8 text (an integer key
in decimal), keyed with the seed in decimal and personalised by purpose. The digest, big-endian,
shifted right by 11 bits and divided by 2**53, is a float64 in [0, 1) that is the same on every
machine. A record keeps its number whatever else is in the table, so that it stays in its split when
rows are added.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SELECT, TEST, TRAIN
from crispml_core.domain.use_case import Split

SPLIT_PURPOSE = b"crispml-split"
SAMPLE_PURPOSE = b"crispml-sample"


def unit_numbers(keys: pa.Array, seed: int, purpose: bytes) -> np.ndarray:
    """Return a number in [0, 1) per record key.

    Parameters
    ----------
    keys : pyarrow.Array
        Record keys, text or integers, none missing.
    seed : int
        Another seed gives unrelated numbers.
    purpose : bytes
        At most 16 bytes; numbers for different purposes are unrelated, so that a sample of the rows
        is split like all of them.
    """
    secret = str(seed).encode()
    state = hashlib.blake2b(digest_size=8, key=secret, person=purpose)
    numbers = np.empty(len(keys), np.uint64)
    for row, key in enumerate(keys.cast(pa.string()).to_pylist()):
        digest = state.copy()
        digest.update(key.encode())
        numbers[row] = int.from_bytes(digest.digest(), "big")
    return (numbers >> np.uint64(11)) / 2.0**53


def assign_split(keys: pa.Array, seed: int, split: Split) -> pa.Array:
    """Return ``train``, ``select`` or ``test`` per record key, as text."""
    numbers = unit_numbers(keys, seed, SPLIT_PURPOSE)
    return pc.if_else(
        pa.array(numbers < split.train),
        TRAIN,
        pc.if_else(pa.array(numbers < split.train + split.select), SELECT, TEST),
    )
