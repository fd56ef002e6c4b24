"""A pseudonym names the same value again, and nothing else; keys are read from lines."""

import hmac
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.pseudonyms import (
    SecretKey,
    SecretKeys,
    blinded,
    key_line,
    pseudonymiser,
    subject_identifier,
)

OLD, NEW = SecretKey("k1", b"1" * 32), SecretKey("k2", b"2" * 32)


def test_a_pseudonym_is_an_hmac_with_a_key_of_its_use_case_and_field():
    parts = b"".join(
        len(part).to_bytes(4) + part for part in (b"pseudonym", b"credit", b"customer")
    )
    derived = hmac.digest(b"1" * 32, parts, "sha256")
    expected = "k1." + hmac.new(derived, b"4711", "sha256").hexdigest()[:40]
    assert pseudonymiser(OLD, "credit", "customer")("4711") == expected


def test_a_number_and_its_text_have_one_pseudonym():
    name = pseudonymiser(OLD, "credit", "customer")
    assert name(4711) == name("4711")
    assert name(date(1984, 2, 29)) == name("1984-02-29")


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_different_values_have_different_pseudonyms(values):
    name = pseudonymiser(OLD, "credit", "customer")
    assert len({name(value) for value in values}) == len(values)


def test_a_value_has_another_pseudonym_in_each_field_use_case_and_version_of_the_key():
    names = [
        pseudonymiser(key, use_case, field)("4711")
        for key in (OLD, NEW)
        for use_case, field in (("a", "bc"), ("ab", "c"), ("a", "c"))
    ]
    assert len(set(names)) == 6
    assert [name[:3] for name in names] == ["k1."] * 3 + ["k2."] * 3


@given(secret=st.binary(min_size=32, max_size=32), text=st.text(max_size=100))
def test_the_id_of_a_subject_is_the_hmac_of_the_standard_library(secret, text):
    key = SecretKey("k1", secret)
    expected = hmac.new(key.derived("subject"), text.encode(), "sha256").hexdigest()
    assert subject_identifier(key)(text) == expected


def test_subjects_and_digests_of_requests_are_named_by_keys_of_their_own():
    identify = subject_identifier(OLD)
    assert identify("4711") == identify(4711)
    assert len(identify("4711")) == 64
    made = {identify("4711"), blinded(OLD, "4711"), pseudonymiser(OLD, "a", "b")("4711")}
    assert len(made) == 3
    assert blinded(OLD, "4711") != blinded(NEW, "4711")


def test_keys_are_lines_of_which_the_first_stays_and_the_last_is_newest():
    keys = SecretKeys.parse(key_line("k1", b"1" * 32) + "\n" + key_line("k2", b"2" * 32))
    assert (keys.first, keys.newest) == (OLD, NEW)
    assert keys.by_id == {"k1": OLD, "k2": NEW}
    assert "1" * 32 not in repr(keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k1",
        key_line("k1", b"short"),
        key_line("K1", b"1" * 32),
        key_line("k1", b"1" * 32) * 2,
        "k1 " + "!" * 43,
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(InvalidInput, match=r"a key file has|a line of a key file") as raised:
        SecretKeys.parse(text)
    assert "!" not in raised.value.message
