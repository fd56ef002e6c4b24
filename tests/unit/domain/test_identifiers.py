"""Ids sort by time, names fit everywhere."""

import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from crispml_core.domain import identifiers
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import (
    check_field_name,
    check_name,
    new_id,
    new_id_text,
    version_name,
)


@pytest.mark.parametrize("make", [new_id, lambda: UUID(new_id_text())])
def test_an_id_is_a_uuid_of_version_seven_with_the_time_in_front(make):
    before = time.time_ns() // 1_000_000
    made = make()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert 0 <= (made.int >> 80) - before < 60_000


def test_the_text_of_an_id_is_written_as_usual():
    made = new_id_text()
    assert str(UUID(made)) == made


def test_ids_of_one_process_rise_also_over_threads_and_within_a_millisecond():
    made = [[] for _ in range(4)]

    def work(own):
        for _ in range(5000):
            own.append(new_id())

    threads = [threading.Thread(target=work, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in made)
    assert len({one for own in made for one in own}) == 20_000


def test_ids_rise_when_the_counter_runs_over_or_the_clock_goes_back(monkeypatch):
    monkeypatch.setattr(identifiers.time, "time_ns", lambda: 10**15)
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(one.version == 7 for one in made)


def test_a_forked_process_and_one_that_seeds_chance_make_other_ids(monkeypatch):
    monkeypatch.setattr(identifiers.time, "time_ns", lambda: 10**15)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(new_id()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    made = {os.read(reader, 36).decode(), str(new_id())}
    os.close(reader)
    os.close(writer)
    for _ in range(2):
        random.seed(0)
        made.add(str(new_id())[-16:])
    assert len(made) == 4
    assert len({one[-16:] for one in made}) == 4


@pytest.mark.parametrize("name", ["a", "german_credit", "a.b-c", "0" * 63])
def test_a_good_name_comes_back(name):
    assert check_name(name, "a name") == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a b", "a/b", "ä", "a" * 64, "a\n"])
def test_a_bad_name_is_refused(name):
    with pytest.raises(InvalidInput, match="a name must match"):
        check_name(name, "a name")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a-b", "crispml_x", "a" * 64])
def test_a_bad_field_name_is_refused(name):
    with pytest.raises(InvalidInput, match="field name"):
        check_field_name(name, "field name")


def test_a_version_is_named_by_its_moment_in_utc_and_its_digest():
    moment = datetime(2026, 3, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    assert version_name(moment, "0123456789") == "20260228-230000-01234567"
    assert version_name(datetime(2026, 3, 1, tzinfo=UTC), "f" * 64) == "20260301-000000-ffffffff"
