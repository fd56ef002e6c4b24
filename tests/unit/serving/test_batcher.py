"""A batcher works on groups: what came while the group before was worked on."""

import asyncio
import itertools
import threading
import time

import pytest

from crispml_core.domain.errors import DeadlineExceeded, Overloaded, StoreUnavailable
from crispml_core.serving.batcher import BUSY_SHARE, IDLE_S, IDLE_SHARE, OVERDUE_S, Batcher


def run(scenario, work, **options):
    """Run a scenario with a batcher of its own."""

    async def whole():
        batcher = Batcher(work, **{"capacity": 100, "deadline_s": 5.0, **options})
        try:
            return await scenario(batcher)
        finally:
            release.set()
            await asyncio.get_running_loop().run_in_executor(None, batcher.close)

    release = threading.Event()
    return asyncio.run(whole())


def test_each_item_gets_its_own_outcome_in_any_order_of_arrival():
    async def scenario(batcher):
        return await asyncio.gather(*(batcher.submit(n) for n in range(50)))

    assert run(scenario, lambda items: [n * n for n in items]) == [n * n for n in range(50)]


def test_a_lone_item_is_worked_on_at_once_and_what_comes_meanwhile_is_one_group():
    groups, go = [], threading.Event()

    def work(items):
        groups.append(list(items))
        if len(groups) == 1:
            go.wait(5)
        return items

    async def scenario(batcher):
        first = batcher.submit("a")
        while not groups:
            await asyncio.sleep(0.001)
        others = [batcher.submit(name) for name in "bcd"]
        await asyncio.sleep(0.01)
        go.set()
        await asyncio.gather(first, *others)

    run(scenario, work)
    assert groups == [["a"], ["b", "c", "d"]]


def test_what_arrives_in_one_turn_of_the_loop_is_one_group():
    groups = []

    def work(items):
        groups.append(len(items))
        return items

    async def scenario(batcher):
        await asyncio.gather(*(batcher.submit(n) for n in range(20)))

    run(scenario, work)
    assert groups == [20]


def test_an_outcome_that_is_an_error_is_raised_at_its_item_only():
    def work(items):
        return [StoreUnavailable("no") if item == 1 else item for item in items]

    async def scenario(batcher):
        return await asyncio.gather(*(batcher.submit(n) for n in range(3)), return_exceptions=True)

    zero, one, two = run(scenario, work)
    assert (zero, two) == (0, 2)
    assert isinstance(one, StoreUnavailable)


def test_work_that_raises_fails_its_group_and_the_next_group_is_worked_on():
    calls = []

    def work(items):
        calls.append(items)
        if len(calls) == 1:
            raise RuntimeError("broken")
        return items

    async def scenario(batcher):
        with pytest.raises(RuntimeError, match="broken"):
            await batcher.submit(1)
        return await batcher.submit(2)

    assert run(scenario, work) == 2


def test_more_than_the_capacity_is_refused_and_later_there_is_room_again():
    go = threading.Event()

    def work(items):
        go.wait(5)
        return items

    async def scenario(batcher):
        first = batcher.submit(0)
        await asyncio.sleep(0.02)
        waiting = [batcher.submit(n) for n in (1, 2)]
        with pytest.raises(Overloaded):
            batcher.submit(3)
        assert batcher.waiting == 3
        go.set()
        assert await asyncio.gather(first, *waiting) == [0, 1, 2]
        return await batcher.submit(4)

    assert run(scenario, work, capacity=2) == 4


def test_a_group_that_hangs_is_told_so_and_what_waits_behind_it_is_refused():
    go = threading.Event()

    def work(items):
        go.wait(5)
        return items

    async def scenario(batcher):
        first = batcher.submit(0)
        await asyncio.sleep(0.02)
        behind = batcher.submit(1)
        with pytest.raises(DeadlineExceeded, match="Idempotency-Key"):
            await first
        with pytest.raises(Overloaded):
            await behind
        go.set()
        await asyncio.sleep(0.05)
        return await batcher.submit(2)

    assert run(scenario, work, deadline_s=0.1) == 2


def test_a_request_that_is_gone_hurts_nobody():
    async def scenario(batcher):
        futures = [batcher.submit(n) for n in range(3)]
        futures[1].cancel()
        return await asyncio.gather(futures[0], futures[2])

    assert run(scenario, lambda items: items) == [0, 2]


def test_idle_work_is_done_when_there_is_nothing_else():
    idle = threading.Event()

    async def scenario(batcher):
        await batcher.submit(1)
        return await asyncio.get_running_loop().run_in_executor(None, idle.wait, 5)

    assert run(scenario, lambda items: items, idle=idle.set)


@pytest.mark.parametrize("at_once", [None, list], ids=["worker", "loop"])
def test_traffic_without_a_pause_keeps_no_idle_work_away(at_once):
    idle = threading.Event()

    async def scenario(batcher):
        deadline = asyncio.get_running_loop().time() + 3 * OVERDUE_S
        while not idle.is_set() and asyncio.get_running_loop().time() < deadline:
            await batcher.submit(1)
            await asyncio.sleep(0.02)
        return idle.is_set()

    assert run(scenario, list, at_once=at_once, idle=idle.set)


def test_under_traffic_idle_work_takes_a_small_share_of_the_time():
    steps = []

    def idle():
        steps.append(time.monotonic())
        time.sleep(0.1)

    async def scenario(batcher):
        end = asyncio.get_running_loop().time() + OVERDUE_S + 0.1 / BUSY_SHARE
        while asyncio.get_running_loop().time() < end:
            await batcher.submit(1)
            await asyncio.sleep(0.02)
        return len(steps)

    assert run(scenario, list, idle=idle) == 1


def test_idle_work_goes_on_until_somebody_comes_or_nothing_is_left():
    left, done = iter(range(99, -1, -1)), threading.Event()

    def idle():
        goes_on = next(left) > 0
        if not goes_on:
            done.set()
        return goes_on

    async def scenario(batcher):
        start = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(None, done.wait, 5)
        return time.monotonic() - start

    assert run(scenario, list, idle=idle) < 50 * IDLE_S, "each waits as for the first one"


def test_idle_work_leaves_most_of_the_time_to_others():
    steps, step_s = [], 0.02

    def idle():
        steps.append(time.monotonic())
        time.sleep(step_s)
        return len(steps) < 5

    async def scenario(batcher):
        while len(steps) < 5:
            await asyncio.sleep(0.01)

    run(scenario, list, idle=idle)
    assert all(
        later - earlier >= step_s / IDLE_SHARE for earlier, later in itertools.pairwise(steps[:5])
    )


def test_under_traffic_idle_work_that_goes_on_keeps_to_its_share():
    steps, step_s = [], 0.002  # with a rest of 80 ms, on a slow machine of some 100

    def idle():
        steps.append(time.monotonic())
        time.sleep(step_s)
        return True

    async def scenario(batcher):
        end = asyncio.get_running_loop().time() + 2 * OVERDUE_S
        while asyncio.get_running_loop().time() < end:
            await batcher.submit(1)
            await asyncio.sleep(0.005)
        return list(steps)

    found = run(scenario, list, idle=idle)
    assert len(found) > 2, "each waits as long as if nothing were left"
    assert all(
        later - earlier >= step_s / BUSY_SHARE for earlier, later in itertools.pairwise(found)
    )


def test_an_outcome_is_told_once_and_in_the_loop(caplog):
    told = []

    def tell(outcome):
        told.append((outcome, threading.current_thread() is threading.main_thread()))
        raise RuntimeError("its request is broken")

    async def scenario(batcher):
        batcher.tell(1, tell)
        return await batcher.submit(2)

    assert run(scenario, lambda items: items) == 2
    assert told == [(1, True)]
    assert "an outcome was not told" in caplog.text


def test_what_was_told_to_be_late_is_not_told_again():
    go, told = threading.Event(), []

    def work(items):
        go.wait(5)
        return items

    async def scenario(batcher):
        batcher.tell(0, told.append)
        await asyncio.sleep(0.15)
        go.set()
        return await batcher.submit(1)

    assert run(scenario, work, deadline_s=0.1) == 1
    assert [type(outcome) for outcome in told] == [DeadlineExceeded]


def test_a_lone_item_is_worked_on_in_the_loop_if_that_can_be():
    by_thread, at_once = [], []

    def work(items):
        by_thread.append(list(items))
        return items

    def attempt(items):
        at_once.append((list(items), threading.current_thread() is threading.main_thread()))
        return [-items[0]] if items[0] % 2 else None

    async def scenario(batcher):
        lone = [await batcher.submit(1), await batcher.submit(2)]
        return lone + await asyncio.gather(batcher.submit(3), batcher.submit(5))

    assert run(scenario, work, at_once=attempt) == [-1, 2, 3, 5]
    assert at_once == [([1], True), ([2], True)]
    assert by_thread == [[2], [3, 5]]


def test_what_nobody_waits_for_comes_after_the_outcome_was_told():
    order = []

    async def scenario(batcher):
        batcher.tell(1, lambda outcome: order.append(("told", outcome)))
        await asyncio.sleep(0.05)
        order.append("next")
        batcher.tell(2, lambda outcome: order.append(("told", outcome)))
        await asyncio.sleep(0.05)

    run(scenario, list, at_once=list, after=lambda: order.append("after"))
    assert order == [("told", 1), "after", "next", ("told", 2), "after"]


def test_nothing_is_worked_on_in_the_loop_while_the_worker_has_work():
    go, busy = threading.Event(), threading.Event()

    def idle():
        busy.set()
        go.wait(5)

    def attempt(items):
        raise AssertionError("the worker is busy")

    async def scenario(batcher):
        while not busy.is_set():
            await asyncio.sleep(0.01)
        waiting = batcher.submit(1)
        await asyncio.sleep(0.02)
        go.set()
        return await waiting

    assert run(scenario, lambda items: items, at_once=attempt, idle=idle) == 1


def test_the_worker_is_not_idle_while_the_loop_works():
    idle = []

    async def scenario(batcher):
        for item in range(30):
            await batcher.submit(item)
            await asyncio.sleep(0.03)
        during = len(idle)
        await asyncio.sleep(0.7)
        return during

    during = run(scenario, list, at_once=list, idle=lambda: idle.append(1))
    assert during <= 1  # before the first item, if that came late; the next would be overdue later
    assert len(idle) > during
