"""Keys of data subjects are remembered for a while, and a destroyed one is forgotten at once."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.errors import NotReady, StoreUnavailable, WouldWait
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.subjects import Hidden
from crispml_core.serving import subject_vault
from crispml_core.serving.sealed_cells import bound_to, opened, sealed
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys

OLD, NEW = SecretKey("k1", b"1" * 32), SecretKey("k2", b"2" * 32)


class Store(FakeSubjectKeys):
    """Keys in memory, in a store that can be away and counts what it is asked."""

    def __init__(self):
        super().__init__()
        self.away, self.asked = False, 0

    def _ask(self):
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")

    def add(self, keys):
        self._ask()
        return super().add(keys)

    def destroyed(self, since):
        self._ask()
        return super().destroyed(since)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def vault(store):
    return SubjectVault(SecretKeys((OLD,)), store)


def cell(vault, value, subject="ann", field="street"):
    key_id = vault.identify(subject)
    (key,) = vault.to_write([key_id])
    return sealed("credit", field, [value], [key_id], [key])[0]


def read(vault, text, subject="ann", field="street"):
    key_id = vault.identify(subject)
    (key,) = vault.to_read([key_id])
    return opened(text, key, bound_to("credit", field, key_id))


def test_what_was_encrypted_is_read_again_by_another_process(vault, store):
    text = cell(vault, "Main Street 1")
    assert "Main" not in text
    assert read(SubjectVault(SecretKeys((OLD,)), store), text) == "Main Street 1"


def test_a_key_is_asked_for_once(vault, store):
    for number in range(5):
        cell(vault, number)
    assert store.asked == 1
    assert vault.to_write([None]) == [Hidden.WITHHELD]


def test_who_must_not_wait_is_told(vault):
    key_id = vault.identify("ann")
    with pytest.raises(WouldWait):
        vault.to_write([key_id], wait=False)
    vault.to_write([key_id])
    vault.to_write([key_id], wait=False)


def test_a_destroyed_key_is_used_no_more_after_the_next_look(vault, store):
    text = cell(vault, "Main Street 1")
    store.destroy(vault.identify("ann"), at=datetime.now(UTC))

    assert read(vault, text) is Hidden.ERASED
    vault.look()

    assert cell(vault, "Side Street 2") == "erased"
    assert read(vault, "erased") is Hidden.ERASED


def test_a_destruction_by_a_clock_that_is_late_is_seen(vault, store):
    cell(vault, "x")
    vault.look()
    store.destroy(vault.identify("ann"), at=datetime.now(UTC) - timedelta(minutes=5))
    vault.look()
    assert cell(vault, "x") == "erased"


def test_the_thread_looks_within_a_second(vault, store):
    cell(vault, "x")
    vault.start()
    store.destroy(vault.identify("ann"), at=datetime.now(UTC))
    until = time.monotonic() + 1
    while cell(vault, "x") != "erased" and time.monotonic() < until:
        time.sleep(0.02)
    assert cell(vault, "x") == "erased"
    vault.close()


def test_while_the_store_is_away_known_keys_go_on_and_unknown_subjects_are_withheld(vault, store):
    text = cell(vault, "Main Street 1")
    store.away = True

    assert cell(vault, "Side Street 2").startswith("enc1.")
    assert cell(vault, "Main Street 1", "bob") == "withheld"
    asked = store.asked
    assert cell(vault, "Main Street 1", "eve") == "withheld"

    assert store.asked == asked, "a store that is away is not asked for each record"
    assert read(vault, "withheld", "eve") is Hidden.WITHHELD
    store.away = False
    vault.look()
    assert cell(vault, "Main Street 1", "bob").startswith("enc1.")
    assert read(vault, text) == "Main Street 1"


def test_a_vault_without_keys_sees_when_the_store_is_back(vault, store):
    store.away = True
    assert cell(vault, "x") == "withheld"
    vault.look()
    store.away = False
    assert cell(vault, "x") == "withheld", "no record tries it"
    vault.look()
    assert cell(vault, "x").startswith("enc1.")


def test_where_nothing_shall_be_withheld_a_store_that_is_away_is_an_error(store):
    vault = SubjectVault(SecretKeys((OLD,)), store, withholds=False)
    cell(vault, "x", "bob")
    store.away = True
    vault.look()
    with pytest.raises(StoreUnavailable):
        cell(vault, "x")
    store.away = False
    assert cell(vault, "x").startswith("enc1.")


def test_a_cell_that_was_moved_or_altered_does_not_open(vault):
    text = cell(vault, "Main Street 1")
    altered = text[:-4] + ("AAA=" if text[-4:] != "AAA=" else "BBB=")
    for bad, more in (
        (text, {"field": "city"}),
        (altered, {}),
        ("enc1.", {}),
        ("enc1.!", {}),
    ):
        with pytest.raises(ValueError, match="altered"):
            read(vault, bad, **more)
    other = cell(vault, "x", "bob")
    with pytest.raises(ValueError, match="altered"):
        read(vault, other, "ann")


def test_the_length_of_a_short_text_is_not_seen(vault):
    assert len(cell(vault, "a")) == len(cell(vault, "abcdefghijkl")) == len(cell(vault, 3.5))


def test_a_new_master_key_opens_what_the_old_one_encrypted(vault, store):
    text = cell(vault, "Main Street 1")
    rotated = SubjectVault(SecretKeys((OLD, NEW)), store)
    assert read(rotated, text) == "Main Street 1"
    cell(rotated, "x", "bob")
    assert store.keys[rotated.identify("bob")].wrapped_key.startswith("k2.")


def test_another_master_key_is_said(vault, store):
    text = cell(vault, "Main Street 1")
    for secret in (b"3", b"1"):
        master = SecretKeys((SecretKey("k1" if secret == b"3" else "k9", secret * 32),))
        other = SubjectVault(master, store)
        other.identify = vault.identify
        with pytest.raises(NotReady, match="MASTER_KEY_FILE"):
            read(other, text)


def test_the_keys_that_are_remembered_are_bounded(vault, monkeypatch):
    monkeypatch.setattr(subject_vault, "MOST_KEYS", 10)
    for number in range(100):
        cell(vault, "x", str(number))
        assert len(vault._keys) <= 10
