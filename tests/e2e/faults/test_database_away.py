"""The database is locked, gone, replaced, read-only or full: scores wait in the journal."""

import os
import shutil
import time

import pytest

from benchmarks.faults.load import Load, under_load
from benchmarks.faults.service import until
from benchmarks.faults.stores import failing_disk, fill, locked
from benchmarks.faults.truth import Truth, ask_back
from benchmarks.faults.world import SCORE, World, body
from crispml_core.adapters.sql.schema import migrate

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
# A commit waits 0.2 s for a lock before it goes to the journal.
PATIENCE_S = 0.2


def is_home(service):
    return lambda: service.metric("crispml_journal_transactions") == 0


def is_adopted(world):
    """Whether only the journal of the living process is left."""
    return len(list(world.journal.glob("*.journal"))) == 1


def check_all(service, truth, told):
    until(is_home(service), what="the journal is replayed")
    truth.look()
    truth.check(told)
    assert truth.extra(told) == set()


def goes_on_from_the_journal(service, load):
    """Wait until scores go to the journal, and say what the readiness says then."""
    before = len(load.heard.told)
    until(lambda: len(load.heard.told) > before + 200, what="scores are answered")
    assert load.heard.told[-1].durability == "journal"
    status, _ = service.ask("GET", "/readyz")
    assert status == 200
    return service.checks()


def comes_back(load):
    until(lambda: load.heard.told[-1].durability == "database", what="the database is used again")


def test_a_locked_database_delays_no_request_by_more_than_the_patience_of_a_commit(
    serve, world, truth
):
    service = serve()
    with under_load(service, "k") as load:
        with locked(world):
            began = time.monotonic()
            checks = goes_on_from_the_journal(service, load)
            time.sleep(2)
        released = time.monotonic()
        assert "transactions wait for the database" in checks["journal"]
        assert "locked" in checks["journal"]
        comes_back(load)
        recovered = time.monotonic()
        time.sleep(0.5)
        heard = load.stop()
    assert heard.refused == []
    assert recovered - released < 5
    assert heard.slowest(began, released) < PATIENCE_S + 1
    assert heard.slowest(recovered + 0.2) < 0.5
    check_all(service, truth, heard.told)
    assert service.checks()["journal"] == "ok"


def test_a_database_that_is_gone_is_filled_up_when_it_is_there_again(serve, world, truth):
    service = serve()
    away = world.database.with_name("away.db")
    with under_load(service, "k") as load:
        world.database.rename(away)
        checks = goes_on_from_the_journal(service, load)
        assert checks["database"].startswith("waiting: ")
        assert "does not exist" in checks["database"]
        away.rename(world.database)
        comes_back(load)
        heard = load.stop()
    assert heard.refused == []
    check_all(service, truth, heard.told)
    ask_back(service, heard.told[::500])


def test_a_database_that_is_replaced_gets_what_comes_from_then_on(serve, world, tmp_path):
    service = serve()
    fresh, before = tmp_path / "fresh.db", World(tmp_path / "before", world.versions, world.folder)
    migrate.upgrade(f"sqlite:///{fresh}")
    before.database.parent.mkdir(parents=True)
    with under_load(service, "k") as load:
        for file in world.database.parent.iterdir():
            file.rename(before.database.parent / file.name)
        goes_on_from_the_journal(service, load)
        fresh.rename(world.database)
        comes_back(load)
        heard = load.stop()
    assert heard.refused == []
    until(is_home(service))
    kept = {}
    for stores in (before, world):
        truth = Truth(stores)
        truth.look(is_whole=False)
        truth.close()
        assert truth.stored
        assert not set(truth.stored) & set(kept)
        kept |= truth.stored
    assert set(kept) == {one.score_id for one in heard.told}


def test_a_full_volume_is_no_loss_and_is_used_again_when_there_is_room(serve, trained, volume):
    folder = volume("small", "12m")
    world = trained.copy(folder / "stores").with_journal(folder.parent / "elsewhere")
    service = serve(on=world)
    with under_load(service, "k") as load:
        ballast = folder / "ballast"
        fill(ballast)
        until(lambda: load.heard.told[-1].durability == "journal", 30)
        checks = goes_on_from_the_journal(service, load)
        assert "volume is full" in checks["journal"]
        ballast.unlink()
        comes_back(load)
        heard = load.stop()
    assert heard.refused == []
    truth = Truth(world)
    check_all(service, truth, heard.told)
    truth.close()


def test_a_volume_that_turns_read_only_loses_nothing(serve, trained, tmp_path):
    folder = tmp_path / "disk"
    with failing_disk(folder, 16) as disk:
        world = trained.copy(folder / "stores").with_journal(tmp_path / "elsewhere")
        os.sync()  # the copy; what the service commits it has to force itself
        service = serve(on=world)
        with under_load(service, "before") as load:
            before = load.stop().told
        # While nobody writes: a flush that meets the very moment is no error to the kernel.
        disk.turn_read_only()
        with Load(service, "after") as load:
            checks = goes_on_from_the_journal(service, load)
            heard = load.stop()
        assert checks["journal"].startswith("waiting: ")
        assert heard.refused == []
        assert heard.durabilities() == {"journal"}
        service.kill()
        disk.repair()
        truth = Truth(world)
        serve(on=world)
        until(lambda: is_adopted(world), what="the journal of the dead process is replayed")
        truth.look()
        truth.close()
        truth.check(before + heard.told)


def test_when_the_journal_is_full_too_nothing_is_acknowledged_until_there_is_room(
    serve, trained, volume, tmp_path
):
    journals = volume("journals", "1m")
    world = trained.copy(tmp_path / "own").with_journal(journals / "journal")
    service = serve(on=world)
    ballast = journals / "ballast"
    ballast.write_bytes(bytes(400_000))
    with Load(service, "k") as load:
        with locked(world):
            until(lambda: len(load.heard.refused) > 100, 30)
            status, _ = service.ask("GET", "/readyz")
            assert status == 503
            assert "full" in service.checks()["journal"]
            told = len(load.heard.told)
            ballast.unlink()  # the journal takes again, although the database does not
            until(lambda: len(load.heard.told) > told + 200, 30)
            until(lambda: len(load.heard.refused) > 500, 30)
        comes_back(load)
        until(lambda: service.ask("GET", "/readyz")[0] == 200)
        heard = load.stop()
    assert {status for status, _ in heard.refused} == {503}
    assert b"volume of the journal is full" in heard.refused[0][1]
    truth = Truth(world)
    check_all(service, truth, heard.told)
    truth.close()


def test_without_any_store_the_first_refused_score_makes_the_service_not_ready_until_one_is_back(
    serve, trained, volume, tmp_path
):
    journals = volume("journals", "1m")
    world = trained.copy(tmp_path / "own").with_journal(journals / "journal")
    service = serve(on=world)
    fill(journals / "ballast")
    with locked(world):
        assert service.ask("POST", SCORE, body("k-1"), JSON)[0] == 503
        assert service.ask("GET", "/readyz")[0] == 503
    # Nobody sends a request to a service that is not ready, so it has to look by itself.
    until(lambda: service.ask("GET", "/readyz")[0] == 200)
    assert service.ask("POST", SCORE, body("k-2"), JSON)[0] == 200


def test_a_key_while_the_database_is_gone_does_not_keep_others_from_the_journal(serve, world):
    service = serve()
    shutil.move(world.database, world.database.with_name("away.db"))
    keyed = {**JSON, "Idempotency-Key": "k"}
    assert service.ask("POST", SCORE, body("k-1"), keyed)[0] == 503
    status, answer = service.ask("POST", SCORE, body("k-2"), JSON)
    assert (status, b'"durability":"journal"' in answer) == (200, True)
    assert service.ask("POST", SCORE, body("k-1"), keyed)[0] == 503
    assert service.ask("POST", SCORE, body("k-3"), JSON)[0] == 200


def test_a_locked_database_does_not_slow_down_the_first_request_after_an_idle_time(serve, world):
    service = serve()
    service.ask("POST", SCORE, body("k-1"), JSON)  # its key waits for the index
    with locked(world):
        time.sleep(0.6)  # the writer is idle now, and would index
        began = time.monotonic()
        assert service.ask("POST", SCORE, body("k-2"), JSON)[0] == 200
        assert time.monotonic() - began < 3 * PATIENCE_S + 0.5
