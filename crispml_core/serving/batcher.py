"""Work that is done in groups: a group is what arrived while the one before was worked on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeAlias, TypeVar

from crispml_core.domain.errors import DeadlineExceeded, Overloaded

T = TypeVar("T")
R = TypeVar("R")
Tell: TypeAlias = Callable[[R | Exception], None]

# How long the worker waits for work before it does what is left for idle times, and the most of the
# time that this may take then: others of the process may be at work.
IDLE_S, IDLE_SHARE = 0.2, 0.1
# Traffic without a pause must not keep that work away for ever: it gets a step so long after there
# was nothing left of it, and as long as there is some at most this share of the time. All requests
# that wait see a step: with twice the share it is more than one in a hundred over 64 connections.
OVERDUE_S, BUSY_SHARE = 1.0, 0.025


class Batcher(Generic[T, R]):
    """Hands items to one worker thread, as many at once as have come together.

    Nobody waits for a group to fill up: the worker takes what there is as soon as it is free. So a
    lone item is worked on at once, and under load the cost of a group (a flush to the disk, a call
    into a library) is shared by all that wait. Both the commits of the ledger and the predictions
    of models without a compiled form are done this way.

    `submit` and `tell` belong to one event loop; the state of the batcher is touched by no other
    thread.

    Parameters
    ----------
    work : callable
        From items to one outcome per item, in order; an outcome that is an exception is raised at
        its item. What it raises itself is raised at every item. Runs in the worker thread.
    capacity : int
        How many items may wait; beyond that an item is refused.
    deadline_s : float
        How long an item may take from `submit` to its outcome.
    at_once : callable, optional
        Asked about a lone item while the worker is idle: what it returns is the outcomes, made in
        the event loop because two changes of the thread cost more than they; None leaves the item
        to the worker. It must not wait for anything.
    after : callable, optional
        Called in the event loop after each time that `at_once` made outcomes, when what was told of
        them is on its way: for what nobody waits for.
    idle : callable, optional
        One step of work that may be done later; returns whether the next one should follow. Called
        in the worker thread when nobody had anything to do for `IDLE_S`, then with short pauses as
        long as there is more of it and nobody comes, and now and then when there is no such time.
        Whoever comes during a step waits for its end.
    name : str
        Name of the thread.

    Attributes
    ----------
    came_at : float
        When the first item of the group that is worked on came, by the performance counter.
    """

    def __init__(
        self,
        work: Callable[[list[T]], Sequence[R | Exception]],
        *,
        capacity: int,
        deadline_s: float,
        at_once: Callable[[list[T]], Sequence[R | Exception] | None] | None = None,
        after: Callable[[], None] | None = None,
        idle: Callable[[], bool] | None = None,
        name: str = "batcher",
    ) -> None:
        self._work, self._at_once, self._after, self._idle = work, at_once, after, idle
        self._capacity, self._deadline_s = capacity, deadline_s
        self._waiting: list[tuple[T, Tell[R]]] = []
        self._working: list[tuple[T, Tell[R]]] = []
        self._oldest = self.came_at = 0.0
        self._is_quiet = True  # the event loop has worked on nothing since the worker looked
        self._overdue_at = time.monotonic() + OVERDUE_S  # when idle work waits no longer for quiet
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = 0.0
        self._is_scheduled = False
        self._watch: asyncio.TimerHandle | None = None
        self._queue: SimpleQueue[tuple[asyncio.AbstractEventLoop, list[T]] | None] = SimpleQueue()
        self._busy = threading.Lock()  # held while somebody works, be it for an item or in idle
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many items wait or are worked on."""
        return len(self._waiting) + len(self._working)

    @property
    def capacity(self) -> int:
        """How many items may wait."""
        return self._capacity

    def submit(self, item: T) -> asyncio.Future[R]:
        """Return the outcome of an item in the future.

        Raises
        ------
        Overloaded
            If `capacity` items wait already.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self.tell(item, partial(_resolve, future))
        return future

    def tell(self, item: T, tell: Tell[R]) -> None:
        """Have the outcome of an item told, once, in the event loop; costs less than a future.

        Raises
        ------
        Overloaded
            If `capacity` items wait already.
        """
        if not self._waiting:
            self._oldest = time.perf_counter()
        elif len(self._waiting) >= self._capacity:
            raise Overloaded("more requests wait than this process may hold: try again shortly")
        self._waiting.append((item, tell))
        if not self._working and not self._is_scheduled:
            # Not at once: what else came in this turn of the loop joins the group.
            self._is_scheduled = True
            if self._loop is None:  # asking for it costs a system call
                self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._hand_over, self._loop)

    def close(self, timeout_s: float | None = None) -> None:
        """Let the worker finish what it has and end; wait for it, at most so long."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_scheduled = False
        if self._working or not self._waiting:
            return
        self.came_at = self._oldest
        self._working, self._waiting = self._waiting, []
        items = [item for item, _ in self._working]
        if len(items) == 1 and self._at_once is not None and self._busy.acquire(blocking=False):
            try:
                outcomes = _outcomes(self._at_once, items)
            finally:
                self._busy.release()
            if outcomes is not None:
                self._is_quiet = False
                self._finish(loop, outcomes)
                if self._after is not None:
                    loop.call_soon(self._after)  # the loop writes what was told before that
                return
        self._started = loop.time()
        self._queue.put((loop, items))
        if self._watch is None:
            self._watch = loop.call_later(self._deadline_s, self._check, loop)

    def _finish(
        self, loop: asyncio.AbstractEventLoop, outcomes: Sequence[R | Exception] | Exception
    ) -> None:
        done, self._working = self._working, []
        if isinstance(outcomes, Exception):
            outcomes = [outcomes] * len(done)
        for (_, tell), outcome in zip(done, outcomes, strict=True):
            try:
                tell(outcome)
            except Exception as error:  # which must not keep the others waiting
                loop.call_exception_handler(
                    {"message": "an outcome was not told", "exception": error}
                )
        self._hand_over(loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell those that wait for a group that hangs, and those behind it, that it takes long."""
        self._watch = None
        if not self._working:
            return
        left = self._started + self._deadline_s - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._check, loop)
            return
        late, behind = self._working, self._waiting
        self._working, self._waiting = [(item, _told) for item, _ in late], []
        for _, tell in late:
            tell(DeadlineExceeded(_MAYBE))
        for _, tell in behind:
            tell(Overloaded(_NOTHING))
        self._watch = loop.call_later(self._deadline_s, self._check, loop)

    def _run(self) -> None:
        pause = IDLE_S
        while True:
            try:
                task = self._queue.get(timeout=pause)
            except Empty:
                pause = IDLE_S
                if self._is_quiet:
                    pause = self._do_idle_work()
                elif time.monotonic() > self._overdue_at:
                    self._do_idle_work()
                self._is_quiet = True
                continue
            pause = IDLE_S
            if task is None:
                return
            loop, items = task
            with self._busy:
                outcomes = _outcomes(self._work, items)
            del items, task
            try:
                loop.call_soon_threadsafe(self._finish, loop, outcomes)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._working = []
            if time.monotonic() > self._overdue_at:
                self._do_idle_work()

    def _do_idle_work(self) -> float:
        """Do one step of it, and return how long to wait until the next one if nobody comes."""
        if self._idle is None:
            return IDLE_S
        start = time.monotonic()
        with self._busy:
            goes_on = self._idle()
        end = time.monotonic()
        rest = (end - start) / BUSY_SHARE
        self._overdue_at = end + (rest if goes_on else max(OVERDUE_S, rest))
        return (end - start) / IDLE_SHARE if goes_on else IDLE_S


_MAYBE = (
    "no outcome in time, and the scores may be stored all the same: "
    "send the request again, with an Idempotency-Key"
)
_NOTHING = "the store takes too long, and nothing was stored: try again shortly"


def _outcomes(work: Callable[[list[T]], R], items: list[T]) -> R | Exception:
    try:
        return work(items)
    except Exception as error:
        return error


def _resolve(future: asyncio.Future[R], outcome: R | Exception) -> None:
    if future.done():  # its request is gone
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _told(outcome: object) -> None:
    """Leave out an outcome whose item was told already that it takes too long."""
