"""A journal that was cut, that lost a bit, or that two processes want."""

import pytest

from benchmarks.faults.load import Load, under_load
from benchmarks.faults.service import until
from benchmarks.faults.stores import locked
from crispml_core.adapters.journal.frames import HEADER, scan

pytestmark = pytest.mark.slow


@pytest.fixture
def left_behind(serve, world):
    """A journal of a dead process, and the scores that were acknowledged from it."""
    service = serve()
    with Load(service, "k", connections=4) as load, locked(world):
        until(lambda: sum(one.durability == "journal" for one in load.heard.told) > 60)
        service.kill()
        heard = load.stop()
    (journal,) = world.journal.glob("*.journal")
    return journal, [one for one in heard.told if one.durability == "journal"]


def frames_of(journal):
    content = journal.read_bytes()
    return scan(lambda start, length: content[start : start + length], len(content)).frames


def flip_a_bit(journal, place):
    with journal.open("r+b") as file:
        file.seek(place)
        (old,) = file.read(1)
        file.seek(place)
        file.write(bytes([old ^ 4]))


def is_adopted(journal):
    return lambda: not journal.exists()


def test_a_frame_that_was_cut_was_never_acknowledged_and_is_dropped(
    serve, world, truth, left_behind
):
    journal, told = left_behind
    # What a process writes when it dies within a frame: a header and a part of the payload.
    start, length = frames_of(journal)[-1]
    content = journal.read_bytes()
    journal.write_bytes(content + content[start - HEADER : start + length // 2])
    service = serve()
    until(is_adopted(journal))
    truth.look()
    truth.check(told)
    assert service.metric("crispml_journal_damaged_bytes") == 0
    assert not list(world.journal.glob("*.damaged"))


def test_a_flipped_bit_costs_one_frame_which_is_put_aside_and_reported(
    serve, world, truth, left_behind
):
    journal, told = left_behind
    frames = frames_of(journal)
    start, length = frames[len(frames) // 2]
    flip_a_bit(journal, start + length // 2)
    service = serve()
    until(is_adopted(journal))
    damaged = HEADER + length
    until(lambda: service.metric("crispml_journal_damaged_bytes") == damaged)
    status, _ = service.ask("GET", "/readyz")
    assert status == 200
    assert f"{damaged} bytes were damaged" in service.checks()["journal"]
    (aside,) = world.journal.glob("*.damaged")
    assert aside.stat().st_size == damaged
    with pytest.raises(AssertionError, match="the chain breaks"):
        truth.look()
    truth.look(is_whole=False)
    kept = [one for one in told if one.score_id in truth.stored]
    lost = {one.score_id[:-6] for one in told} - {one.score_id[:-6] for one in kept}
    assert len(lost) == 1  # the group of the frame and no other
    truth.check(kept)


def test_a_bit_that_flips_in_the_journal_of_a_living_process_does_not_keep_it_from_the_database(
    serve, world
):
    service = serve()
    with under_load(service, "k", connections=4) as load:
        with locked(world):
            until(lambda: sum(one.durability == "journal" for one in load.heard.told) > 60)
            (journal,) = world.journal.glob("*.journal")
            flip_a_bit(journal, frames_of(journal)[3][0] + 5)
        until(lambda: load.heard.told[-1].durability == "database")
        heard = load.stop()
    assert heard.refused == []
    assert service.metric("crispml_journal_transactions") == 0
    assert service.metric("crispml_journal_damaged_bytes") > 0


def test_two_processes_on_one_folder_take_over_a_journal_once(serve, world, truth, left_behind):
    journal, told = left_behind
    with locked(world):  # so that both find it
        first, second = serve(), serve()
    with Load(first, "first") as one, Load(second, "second") as two:
        until(is_adopted(journal))
        until(lambda: min(len(one.heard.told), len(two.heard.told)) > 100)
        told = told + one.stop().told + two.stop().told
    until(lambda: first.metric("crispml_journal_transactions") == 0)
    until(lambda: second.metric("crispml_journal_transactions") == 0)
    truth.look()
    truth.check(told)
    assert len(list(world.journal.glob("*.journal"))) == 2


def test_the_journal_of_a_living_process_is_never_taken_over(serve, world, truth):
    first = serve()
    with Load(first, "k", connections=4) as load, locked(world):
        until(lambda: sum(one.durability == "journal" for one in load.heard.told) > 30)
        second = serve(is_ready=False)
        heard = load.stop()
    until(lambda: first.metric("crispml_journal_transactions") == 0)
    truth.look()
    truth.check(heard.told)
    assert second.metric("crispml_journal_damaged_bytes") == 0
