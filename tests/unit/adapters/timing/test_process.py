"""A process measures itself truly: memory, garbage collections, its pool, its thread."""

import gc
import threading
import time

import pytest
from sqlalchemy import create_engine

from crispml_core.adapters.timing import process as module
from crispml_core.adapters.timing.process import Process, resident_bytes


def test_a_garbage_collection_is_counted_with_its_pause():
    process = Process()
    before, by_generation = process.vitals(), process.facts().gc
    kept = [[] for _ in range(100_000)]
    gc.collect()
    after = process.vitals()
    assert after.gc_collections > before.gc_collections
    assert after.gc_pause_s > before.gc_pause_s
    full = process.facts().gc[2]
    assert full[0] > by_generation[2][0]
    assert full[1] > by_generation[2][1]
    del kept


def test_two_logs_in_a_process_count_a_collection_once():
    Process()
    process = Process()
    gc.disable()
    try:
        before = process.vitals().gc_collections
        gc.collect()
        assert process.vitals().gc_collections == before + 1
    finally:
        gc.enable()


def test_the_memory_is_that_of_the_process_and_is_asked_for_again_after_a_while():
    process = Process()
    before = process.vitals().resident_bytes
    block = bytearray(64 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    time.sleep(module._KEPT_S)
    assert process.vitals().resident_bytes - before > 32 * 2**20


def test_the_kernel_and_psutil_say_the_same(tmp_path):
    assert resident_bytes(str(tmp_path / "missing")) == pytest.approx(resident_bytes(), rel=0.2)


def test_the_connections_in_use_are_those_that_are_handed_out(tmp_path):
    engines = [create_engine(f"sqlite:///{tmp_path}/{name}.db", pool_size=3) for name in "ab"]
    process = Process([engine.pool for engine in engines])
    assert (process.vitals().pool_in_use, process.vitals().pool_size) == (0, 6)
    with engines[0].connect(), engines[1].connect(), engines[1].connect():
        assert process.vitals().pool_in_use == 3
    assert process.vitals().pool_in_use == 0
    for engine in engines:
        engine.dispose()


def test_the_thread_is_named_and_threads_and_files_are_counted(tmp_path):
    process, found = Process(), []
    before = process.facts()
    end = threading.Event()

    def work():
        found.append(process.vitals().thread)
        end.wait(10)

    thread = threading.Thread(target=work, name="ledger-writer")
    with (tmp_path / "open").open("w"):
        thread.start()
        during = process.facts()
    end.set()
    thread.join()
    assert found == ["ledger-writer"]
    assert during.threads == before.threads + 1
    assert during.open_files == before.open_files + 1
