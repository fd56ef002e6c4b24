"""Which rows are ``train``, ``select``, ``test``, or in a sample: a hash of key and seed.

The number of a record is BLAKE2b with an 8-byte digest over the key as UTF-8 text (an integer key
in decimal), keyed with the seed in decimal and personalised by purpose. The digest, big-endian,
shifted right by 11 bits and divided by 2**53, is a float64 in [0, 1) that is the same on every
machine. A record keeps its number whatever else is in the table, so that it stays in its split when
rows are added.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SELECT, TEST, TRAIN
from crispml_core.domain.use_case import Split

SPLIT_PURPOSE = b"crispml-split"
# Of 16 in a digit: 52 bits, so that a bound is exact as a float64 and as text.
SAMPLE_DIGITS = 13


def unit_numbers(keys: pa.Array, seed: int, purpose: bytes) -> np.ndarray:
    """Return a number in [0, 1) per record key.

    Parameters
    ----------
    keys : pyarrow.Array
        Record keys, text or integers, none missing.
    seed : int
        Another seed gives unrelated numbers.
    purpose : bytes
        At most 16 bytes; numbers for different purposes are unrelated.
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


def sample_text(seed: int) -> str:
    """Return what a record key is appended to before it is hashed for a sample."""
    return f"crispml-sample:{seed}:"


def sample_bound(share: float) -> str | None:
    """Return what the digits of a sampled record are below; None when every record is sampled."""
    bound = math.ceil(share * 16**SAMPLE_DIGITS)
    return None if bound >= 16**SAMPLE_DIGITS else f"{bound:0{SAMPLE_DIGITS}x}"


def sample_digits(key: str, seed: int) -> str:
    """Return the digits of a record key.

    Examples
    --------
    >>> sample_digits("O-1", 7)
    'bf8bd3a86f8aa'
    """
    return hashlib.sha256(f"{sample_text(seed)}{key}".encode()).hexdigest()[:SAMPLE_DIGITS]


def is_sampled(keys: pa.Array, seed: int, share: float) -> np.ndarray:
    """Return per record key, none missing, whether it belongs to a sample."""
    bound = sample_bound(share)
    if bound is None:
        return np.ones(len(keys), bool)
    texts = keys.cast(pa.string()).to_pylist()
    return np.fromiter((sample_digits(key, seed) < bound for key in texts), bool, len(keys))
