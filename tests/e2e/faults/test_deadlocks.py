"""Transactions that wait for each other, on a server that ends one of them."""

import threading

from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import alias_events


def test_two_changes_that_wait_for_each_other_are_both_done(server, server_world):
    options = EngineOptions(retry_s=30, statement_timeout_s=30)
    engine = make_engine(server_world.url, options=options)
    both = threading.Barrier(2, timeout=30)

    class Store:
        def __init__(self):
            self._engine, self.tries = engine, 0

        @retried
        def change(self, *keys):
            self.tries += 1
            with writing(engine) as connection:
                for key in keys:
                    row = (alias_events.c.model == key, alias_events.c.sequence == 1)
                    reason = alias_events.c.reason + key
                    connection.execute(alias_events.update().where(*row).values(reason=reason))
                    if self.tries == 1 and key == keys[0]:
                        both.wait()

    server.ask(
        "DELETE FROM alias_events",
        "INSERT INTO alias_events (model, alias, version, sequence, moved_at, moved_by, reason, "
        "environment, digest, traffic) SELECT model, 'champion', 'v', 1, now(), '', '', 'dev', '', "
        "0 FROM (VALUES ('a'), ('b')) AS of (model)",
        database="scores",
    )
    stores = Store(), Store()
    threads = [
        threading.Thread(target=store.change, args=keys)
        for store, keys in zip(stores, (("a", "b"), ("b", "a")), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    engine.dispose()
    found = server.ask("SELECT reason FROM alias_events ORDER BY model", database="scores")
    assert found == [("aa",), ("bb",)]
    assert sorted(store.tries for store in stores) == [1, 2]
