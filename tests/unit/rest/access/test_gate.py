"""The gate: who asks, what it remembers, who may pass."""

from __future__ import annotations

import math

import pytest

from crispml_core.domain.access import EVERYBODY, NOBODY, Grant, Principal, Role
from crispml_core.domain.api_keys import new_key
from crispml_core.domain.errors import Forbidden, Unauthenticated
from crispml_core.governance.access import Permission
from crispml_core.rest.access.gate import Gate, credential_of

KEY = new_key()[1]
SHOP = Principal("key:shop", (Grant(Role.SCORER, "credit"),))


class Openers:
    """Opens one key and one token, and counts how often it was asked."""

    def __init__(self):
        self.keys = {KEY: (SHOP, math.inf)}
        self.tokens = {"token": (Principal("user:ann", (Grant(Role.VIEWER),)), 100.0)}
        self.asked = []

    def open_key(self, credential):
        self.asked.append("key")
        return self.keys.get(credential)

    def open_token(self, credential):
        self.asked.append("token")
        return self.tokens.get(credential)


@pytest.fixture
def openers():
    return Openers()


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def gate(openers, now):
    return Gate(
        "dev",
        is_open=False,
        keys=openers.open_key,
        tokens=openers.open_token,
        clock=lambda: now[0],
    )


def test_a_key_is_looked_up_once_until_somebody_says_forget(gate, openers):
    assert gate.remembered(KEY) is None
    for _ in range(3):
        assert gate.principal(KEY) == SHOP
    assert gate.remembered(KEY) == SHOP
    assert openers.asked == ["key"]

    openers.keys.clear()
    gate.forget()
    assert gate.remembered(KEY) is None
    with pytest.raises(Unauthenticated):
        gate.principal(KEY)


def test_what_was_found_before_a_revocation_is_not_remembered_after_it(openers):
    def open_slowly(credential):
        found = openers.open_key(credential)
        gate.forget()  # the key is revoked while its answer is on the way
        return found

    gate = Gate("dev", is_open=False, keys=open_slowly)
    gate.principal(KEY)
    assert gate.remembered(KEY) is None


def test_a_token_is_remembered_until_it_expires(gate, openers, now):
    assert gate.principal("token").name == "user:ann"
    now[0] = 99.9
    assert gate.remembered("token").name == "user:ann"
    now[0] = 100.0
    assert gate.remembered("token") is None
    with pytest.raises(Unauthenticated):
        gate.principal("token")


def test_without_a_credential_nobody_asks_and_nothing_is_looked_up(gate, openers):
    assert gate.principal(None) is NOBODY
    assert gate.remembered(None) is NOBODY
    assert openers.asked == []


def test_what_is_wrong_opens_nothing_and_is_not_remembered(gate):
    for wrong in ("", "x", new_key()[1]):
        with pytest.raises(Unauthenticated) as error:
            gate.principal(wrong)
        assert not wrong or wrong not in error.value.message.split()
        assert gate.remembered(wrong) is None


def test_a_token_opens_nothing_where_there_is_no_provider(openers):
    gate = Gate("dev", is_open=False, keys=openers.open_key)
    with pytest.raises(Unauthenticated):
        gate.principal("token")


def test_who_may_not_is_told_what_is_missing(gate):
    gate.check(SHOP, Permission.SCORE, "credit")
    for use_case in ("churn", None):
        with pytest.raises(Forbidden, match="permission score for"):
            gate.check(SHOP, Permission.SCORE, use_case)
    with pytest.raises(Unauthenticated, match="needs a credential"):
        gate.check(NOBODY, Permission.SCORE, "credit")


def test_the_hot_path_lets_pass_who_is_known_and_may(gate, now):
    header = f"Bearer {KEY}".encode()
    assert not gate.may_score(header, "credit")  # the app has to find out first
    gate.principal(KEY)
    assert gate.may_score(header, "credit")
    assert gate.may_score(header, "credit")
    assert not gate.may_score(header, "churn")
    assert not gate.may_score(None, "credit")
    assert not gate.may_score(b"Basic " + KEY.encode(), "credit")

    gate.forget()
    assert not gate.may_score(header, "credit")


def test_the_hot_path_heeds_the_end_of_a_token(gate, openers, now):
    openers.tokens["token"] = (SHOP, 100.0)
    gate.principal("token")
    assert gate.may_score(b"bearer token", "credit")
    now[0] = 100.0
    assert not gate.may_score(b"bearer token", "credit")


def test_what_is_remembered_is_bounded(gate, openers):
    for number in range(5000):
        openers.tokens[f"t{number}"] = (SHOP, 100.0)
        gate.principal(f"t{number}")
        gate.may_score(f"Bearer t{number}".encode(), "credit")
    assert len(gate._known) <= 4096
    assert len(gate._may) <= 4096


def test_where_authentication_is_off_everybody_may(openers):
    gate = Gate("dev", is_open=True, keys=openers.open_key)
    assert gate.principal("anything") is EVERYBODY
    assert gate.remembered(None) is EVERYBODY
    assert gate.may_score(None, "credit")
    gate.check(EVERYBODY, Permission.MANAGE_KEYS, None)


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        (b"Bearer abc", "abc"),
        (b"bearer  abc ", "abc"),
        (b"Basic abc", None),
        (b"Bearer", ""),
        (b"", None),
        (None, None),
    ],
)
def test_a_credential_is_read_from_a_bearer_only(header, credential):
    assert credential_of(header) == credential
