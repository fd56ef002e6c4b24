"""A signature has one form."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.signatures import Signature

SIGNATURE = Signature("0f" * 32, bytes(range(64)))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_it_comes_back_from_its_form(key, value):
    signature = Signature(key.hex(), value)
    assert Signature.decode(signature.encode()) == signature


def test_it_is_json_that_others_can_read():
    found = json.loads(SIGNATURE.encode())
    assert found["algorithm"] == "Ed25519"
    assert found["key_id"] == SIGNATURE.key_id
    assert base64.b64decode(found["value"]) == SIGNATURE.value


@given(st.integers(0, len(SIGNATURE.encode()) - 1), st.integers(1, 255))
def test_every_other_byte_is_another_signature_or_none(position, change):
    content = bytearray(SIGNATURE.encode())
    content[position] ^= change
    try:
        found = Signature.decode(bytes(content))
    except UntrustedSignature:
        return
    assert found != SIGNATURE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        SIGNATURE.encode().rstrip(),
        SIGNATURE.encode() + b"\n",
        SIGNATURE.encode().replace(b": ", b":"),
        SIGNATURE.encode().replace(b"Ed25519", b"none"),
        # The last digit has two bits that base64 does not need.
        SIGNATURE.encode().replace(b'w=="', b'x=="'),
    ],
    ids=["nothing", "empty", "deep", "cut", "longer", "spaces", "algorithm", "base64"],
)
def test_any_other_form_is_refused(content):
    with pytest.raises(UntrustedSignature):
        Signature.decode(content)
