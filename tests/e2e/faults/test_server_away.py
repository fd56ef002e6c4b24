"""A database server stops, freezes, refuses and comes back, while scores are answered."""

import json
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks.faults.load import under_load
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.service import until
from benchmarks.faults.stores import can_mount, fill, small_volume
from benchmarks.faults.truth import Truth, ask_back
from benchmarks.faults.world import SCORE, USE_CASE, body
from tests.servers import missing

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
LABELS = f"/api/v1/use-cases/{USE_CASE}/new-data-label"
REPORTS = f"/api/v1/use-cases/{USE_CASE}/new-data-report"
# A commit waits so long for an answer before it goes to the journal.
PATIENCE_S = 1.0
TIMES = {
    "scoring__commit_timeout_s": PATIENCE_S,
    "database__statement_timeout_s": 3,
    "database__busy_timeout_s": 3,
    "database__connect_timeout_s": 2,
    "database__pool_timeout_s": 2,
    "database__retry_s": 1,
}
# A request that asks the database may wait for an answer, for a connection, and between tries; a
# busy machine adds to it.
LONGEST_S = 15
# What answers without the database.
SOON_S = 3


@contextmanager
def stopped(server, mode):
    server.stop(mode)
    try:
        yield
    finally:
        server.start()


HARM = {
    "fast": lambda server: stopped(server, "fast"),
    "immediate": lambda server: stopped(server, "immediate"),
    "frozen": lambda server: server.frozen(),
    "full": lambda server: server.full(),
    "read-only": lambda server: server.read_only(),
}
SAYS = {
    "fast": "does not answer",
    "immediate": "does not answer",
    "frozen": "does not answer",
    "full": "takes no more connections",
    "read-only": "is read-only",
}


def timed(service, path, method="GET", content=None, headers=None):
    """Ask, and return status, body and seconds."""
    began = time.monotonic()
    status, answer = service.ask(method, path, content, headers)
    return status, answer, time.monotonic() - began


def goes_to(durability, load):
    until(
        lambda: load.heard.told[-1].durability == durability, 40, f"scores go to the {durability}"
    )


def some_more(load, number=200):
    before = len(load.heard.told)
    until(lambda: len(load.heard.told) > before + number, 40, "scores are answered")


def check_all(service, truth, told):
    until(lambda: service.metric("crispml_journal_transactions") == 0, 40, "nothing waits")
    truth.look()
    truth.check(told)
    assert truth.extra(told) == set()


@pytest.mark.parametrize("harm", HARM)
def test_no_score_is_lost_or_doubled_and_the_probes_tell_the_truth(
    serve, server, server_world, server_truth, harm
):
    service = serve(on=server_world, **TIMES)
    assert service.checks()["database"] == "ok"
    with under_load(service, "k", connections=16) as load:
        goes_to("database", load)
        with HARM[harm](server):
            goes_to("journal", load)
            began = time.monotonic()
            some_more(load)
            for path, most in (("/livez", SOON_S), ("/readyz", SOON_S + 5)):
                status, _, seconds = timed(service, path)
                assert (status, seconds < most) == (200, True), (path, status, seconds)
            checks = service.checks()
            assert "transactions wait for the database" in checks["journal"]
            assert SAYS[harm] in checks["journal" if harm == "read-only" else "database"]
            ended = time.monotonic()
        goes_to("database", load)
        recovered = time.monotonic()
        some_more(load)
        heard = load.stop()
    assert heard.refused == []
    # Nobody waits for the database any more once scores go to the journal, nor afterwards.
    assert heard.slowest(began, ended) < SOON_S
    assert heard.slowest(recovered) < SOON_S
    check_all(service, server_truth, heard.told)
    ask_back(service, heard.told[:: max(1, len(heard.told) // 5)])
    assert service.checks()["database"] == "ok"
    assert service.checks()["journal"] == "ok"


def test_restarts_one_after_another_lose_nothing(serve, server, server_world, server_truth):
    service = serve(on=server_world, **TIMES)
    with under_load(service, "k", connections=16) as load:
        for mode in ("fast", "immediate", "fast"):
            goes_to("database", load)
            with stopped(server, mode):
                pass
        goes_to("database", load)
        heard = load.stop()
    assert heard.refused == []
    check_all(service, server_truth, heard.told)


@pytest.fixture
def space():
    """A small file system that the user of the server reaches."""
    with tempfile.TemporaryDirectory(prefix="space-") as folder:
        Path(folder).chmod(0o755)
        if not can_mount(Path(folder) / "probe"):
            missing("this user may not mount file systems")
        with small_volume(Path(folder) / "volume", "40m"):
            yield Path(folder) / "volume"


def test_a_full_table_space_is_no_loss(serve, server, world, space):
    server.own(space / "files")
    server.ask(f"CREATE TABLESPACE small LOCATION '{space / 'files'}'")
    small = world.on(server.make_database("small", TABLESPACE="small"))
    service = serve(on=small, **TIMES)
    with under_load(service, "k", connections=16) as load:
        goes_to("database", load)
        fill(space / "ballast")
        goes_to("journal", load)
        some_more(load)
        assert service.ask("GET", "/readyz")[0] == 200
        assert "cannot grow" in service.checks()["journal"]
        (space / "ballast").unlink()
        goes_to("database", load)
        heard = load.stop()
    assert heard.refused == []
    truth = Truth(small)
    check_all(service, truth, heard.told)
    truth.close()
    service.kill()
    server.ask("DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")


def test_the_pools_of_all_workers_are_measured_as_one(serve, server, server_world):
    service = serve(on=server_world, server__workers=2, **TIMES)
    with under_load(service, "k", connections=8):

        def measured(name, *labels):
            return service.metric(f"crispml_database_{name}", ",".join(labels))

        until(lambda: measured("pool_size", 'pool="commits"') == 4)
        assert measured("pool_size", 'pool="requests"') == 20
        until(lambda: measured("connections", 'pool="commits"') >= 2)
        server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'crispml-scoring'"
        )
        before = measured("retries_total")
        with stopped(server, "fast"):
            assert service.ask("GET", "/api/v1/scores?limit=1")[0] == 503
            until(lambda: measured("retries_total", 'reason="connection"') > before)


def test_a_frozen_database_keeps_no_lone_score_waiting_but_the_first(serve, server, server_world):
    patience_s = 4.0
    times = TIMES | {"scoring__commit_timeout_s": patience_s, "database__statement_timeout_s": 10}
    service = serve(on=server_world, **times)
    service.ask("POST", SCORE, body("k-0"), JSON)  # which the writer will index and count
    with server.frozen():
        service.ask("POST", SCORE, body("k-1"), JSON)
        for number in range(2, 12):
            time.sleep(0.4)  # the writer is idle now
            status, _, seconds = timed(service, SCORE, "POST", body(f"k-{number}"), JSON)
            assert (status, seconds < patience_s / 2) == (200, True), seconds


@pytest.fixture
def proxied(server, server_world):
    """A proxy before the server, and the settings of a service behind it."""
    with Proxy(server.port) as proxy:
        url = make_url(server_world.url).set(port=proxy.port)
        shown = url.render_as_string(hide_password=False)
        yield proxy, TIMES | {"database__url": shown, "journal__retry_s": 1}


def test_a_silent_network_delays_a_score_by_the_patience_of_a_commit(
    serve, server_world, server_truth, proxied
):
    proxy, settings = proxied
    service = serve(on=server_world, **settings)
    with under_load(service, "k", connections=16) as load:
        goes_to("database", load)
        with proxy.silent():
            silent = time.monotonic()
            goes_to("journal", load)
            some_more(load)
            status, _, seconds = timed(service, "/livez")
            assert (status, seconds < SOON_S) == (200, True)
            assert timed(service, "/readyz")[0] == 200
            assert "does not answer" in service.checks()["database"]
            ended = time.monotonic()
        goes_to("database", load)
        heard = load.stop()
    assert heard.refused == []
    # One group waits for its answer and perhaps for a connection; those after it do not.
    assert heard.slowest(silent, ended) < 2 * PATIENCE_S + 2 + SOON_S
    check_all(service, server_truth, heard.told)


def test_a_slow_network_makes_scores_slow_and_keeps_them_in_the_database(
    serve, server_world, server_truth, proxied
):
    proxy, settings = proxied
    service = serve(on=server_world, **settings)
    with under_load(service, "k", connections=16) as load:
        goes_to("database", load)
        with proxy.slow(0.05):
            some_more(load, 100)
            goes_to("database", load)
        recovered = time.monotonic()
        some_more(load)
        heard = load.stop()
    assert heard.refused == []
    assert heard.slowest(recovered) < SOON_S
    check_all(service, server_truth, heard.told)


def stored(server, key):
    return server_count(server, f"SELECT count(*) FROM score_rows WHERE record_key = '{key}'")


def server_count(server, query):
    return server.ask(query, database="scores")[0][0]


def test_a_score_whose_commit_got_no_answer_is_stored_once(
    serve, server, server_world, server_truth, proxied
):
    proxy, settings = proxied
    service = serve(on=server_world, **settings)
    for number in range(3):
        key = f"cut-{number}"
        proxy.cut_after(key.encode())
        status, answer = service.ask("POST", SCORE, body(key), JSON)
        assert (status, proxy.cuts) == (200, number + 1)
        # It is there already, and waits in the journal all the same: nobody was told.
        assert json.loads(answer)["durability"] == "journal"
        assert stored(server, key) == 1
        until(lambda: service.metric("crispml_journal_transactions") == 0, 40)
        assert stored(server, key) == 1
    server_truth.look()
    assert set(server_truth.keys.values()) == {1}


def test_under_load_commits_without_an_answer_double_nothing(
    serve, server_world, server_truth, proxied
):
    proxy, settings = proxied
    service = serve(on=server_world, **settings)
    with under_load(service, "k", connections=16) as load:
        for cuts in range(1, 4):
            goes_to("database", load)
            proxy.cut_after(b"k-")
            until(lambda cuts=cuts: proxy.cuts == cuts, 40)
        goes_to("database", load)
        heard = load.stop()
    assert heard.refused == []
    check_all(service, server_truth, heard.told)


def labels(key):
    return json.dumps([{"record_key": key, "label": "yes"}]).encode()


def test_labels_whose_commit_got_no_answer_are_stored_once_by_their_key(
    serve, server, server_world, proxied
):
    proxy, settings = proxied
    service = serve(on=server_world, **settings)
    count = "SELECT count(*) FROM label_imports"
    proxy.cut_after(b"cut-1")
    keyed = {**JSON, "Idempotency-Key": "import-1"}
    status, answer = service.ask("POST", LABELS, labels("cut-1"), keyed)
    assert (status, proxy.cuts) == (200, 1)
    assert server_count(server, count) == 1
    assert service.ask("POST", LABELS, labels("cut-1"), keyed) == (200, answer)
    assert service.metric("crispml_database_retries_total", "commit_unknown") == 1
    # Without a key nobody may send it again but its caller, who is told so.
    proxy.cut_after(b"cut-2")
    status, answer = service.ask("POST", LABELS, labels("cut-2"), JSON)
    assert (status, proxy.cuts) == (503, 2)
    assert "may be done" in json.loads(answer)["detail"]
    assert server_count(server, count) == 2


@pytest.mark.parametrize("harm", ["fast", "frozen", "full"])
def test_what_needs_the_database_answers_503_in_bounded_time(serve, server, server_world, harm):
    service = serve(on=server_world, **TIMES)
    service.ask("POST", SCORE, body("k-1"), JSON)
    asked = {
        "labels": lambda: timed(service, LABELS, "POST", labels("k-1"), JSON),
        "report": lambda: timed(service, REPORTS, "POST", b"{}", JSON),
        "score": lambda: timed(service, "/api/v1/scores?limit=1"),
        "keyed": lambda: timed(
            service, SCORE, "POST", body("k-2"), {**JSON, "Idempotency-Key": "k"}
        ),
    }
    found = {}
    with HARM[harm](server):
        threads = [
            threading.Thread(target=lambda name=name: found.update({name: asked[name]()}))
            for name in asked
        ]
        for thread in threads:
            thread.start()
        # They hold threads and connections, and keep no probe and no score waiting.
        while any(thread.is_alive() for thread in threads):
            status, _, seconds = timed(service, "/livez")
            assert (status, seconds < SOON_S) == (200, True)
            assert timed(service, SCORE, "POST", body("k-3"), JSON)[0] == 200
            time.sleep(0.1)
    for name, (status, answer, seconds) in found.items():
        assert (name, status, seconds < LONGEST_S) == (name, 503, True), (answer, seconds)
        assert json.loads(answer)["code"] == "store_unavailable"
    until(lambda: asked["score"]()[0] == 200, 40)
    until(lambda: asked["keyed"]()[0] == 200, 40, "the journal is replayed")
