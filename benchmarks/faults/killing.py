"""Kill the scoring process again and again, and look after each kill what the ledger holds."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.faults import moments
from benchmarks.faults.load import Load, Told, wait_for
from benchmarks.faults.service import Service, until
from benchmarks.faults.stores import locked
from benchmarks.faults.truth import Truth, ask_back
from benchmarks.faults.world import World

RANDOM, COMMIT, JOURNAL, REPLAY = "random", "commit", "journal", "replay"
KINDS = (RANDOM, COMMIT, JOURNAL, REPLAY)
ADOPTING = "during the replay of a dead process's journal"
# By kind the moments that take turns; None is a random one.
_MOMENTS: dict[str, tuple[str | None, ...]] = {
    RANDOM: (None, None, None, None, moments.AFTER_COMMIT),
    COMMIT: (moments.BEFORE_COMMIT,),
    JOURNAL: (None, moments.FRAME_CUT, moments.FRAME_FORCED),
    REPLAY: (moments.REPLAY_AFTER_COMMIT, moments.REPLAY_BEFORE_COMMIT),
}
_FLOWING, _JOURNALLED, _ASKED_BACK = 60, 100, 3
_LONGEST_S = 0.2


class Killing:
    """Kills processes on the same stores, one after another.

    Each process first brings home what the one before left, is held against everything that was
    acknowledged so far, and is then killed under load.

    Parameters
    ----------
    world : World
        The stores.
    seed : int
        Of the random moments.
    """

    def __init__(self, world: World, seed: int = 0) -> None:
        self._world, self._truth = world, Truth(world)
        self._chance = random.Random(seed)
        self._arm = world.folder / "moment"
        self._told: list[Told] = []
        self._last: list[Told] = []
        self._open: set[str] = set()
        self._kills: Counter[str] = Counter()
        self._moments: Counter[str] = Counter()
        self._in_flight: list[int] = []

    def run(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Kill once per entry of `kinds`, and return what came of it.

        Raises
        ------
        AssertionError
            If anything that was acknowledged is lost, doubled or changed.
        """
        began = time.monotonic()
        for kind in kinds:
            self._kill(kind)
        with self._fresh() as service:
            self._check(service)
        self._truth.close()
        return {
            "kills": dict(self._kills),
            "moments": dict(self._moments),
            "least_in_flight": min(self._in_flight),
            "in_flight": sum(self._in_flight),
            "acknowledged": len(self._told),
            "acknowledged_from_journal": sum(one.durability == "journal" for one in self._told),
            "stored": len(self._truth.stored),
            "stored_unacknowledged": len(self._truth.extra(self._told)),
            "groups_verified": self._truth.groups,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _kill(self, kind: str) -> None:
        number = self._kills[kind]
        turns = _MOMENTS[kind]
        moment = turns[number % len(turns)]
        # Half of the replays are of the journal of a dead process, which a start begins with.
        adopts = kind == REPLAY and number % 4 >= 2 and self._leftovers() > 0
        if adopts:
            self._arm.write_text(str(moment))
        with self._fresh() as service:
            if not adopts:
                self._check(service)
            with Load(service, f"{kind}-{number}") as load:
                if adopts:
                    self._die(service, load, moment)
                else:
                    self._live(kind, service, load, moment)
                heard = load.stop()
        assert not heard.refused, f"{len(heard.refused)} refused, as {heard.refused[0]}"
        self._kills[kind] += 1
        self._moments[ADOPTING if adopts else moment or RANDOM] += 1
        self._told += heard.told
        self._last = heard.told
        self._open |= heard.open_keys

    def _fresh(self) -> Service:
        return Service(self._world, arm=self._arm)

    def _live(self, kind: str, service: Service, load: Load, moment: str | None) -> None:
        """Let the load flow, go to the journal where the kind needs it, and kill."""
        told = load.heard.told
        wait_for(lambda: len(told) >= _FLOWING)
        with locked(self._world) if kind in (JOURNAL, REPLAY) else contextlib.nullcontext():
            if kind in (JOURNAL, REPLAY):
                wait_for(lambda: sum(one.durability == "journal" for one in told) >= _JOURNALLED)
            if moment is not None:
                self._arm.write_text(moment)
            if kind != REPLAY:
                self._die(service, load, moment)
        if kind == REPLAY:  # which begins when the database is not locked any more
            self._die(service, load, moment)

    def _die(self, service: Service, load: Load, moment: str | None) -> None:
        if moment is None:
            time.sleep(self._chance.uniform(0, _LONGEST_S))
            wait_for(lambda: load.in_flight >= moments.IN_FLIGHT)
            self._in_flight.append(load.in_flight)
            service.kill()
            return
        until(lambda: not service.is_running, moments.WAIT_S, f"the process died {moment}")
        said = self._arm.read_text()
        self._arm.unlink()
        assert said.endswith(f"in flight, {moment}"), f"it died otherwise: {service.last_words()}"
        self._in_flight.append(int(said.split()[0]))

    def _check(self, service: Service) -> None:
        until(lambda: self._leftovers() == 1, what="the journals of the dead came home")
        self._truth.look()
        self._truth.check(self._told)
        extra = self._truth.extra(self._told)
        assert extra <= self._open, "something is stored that nobody asked for"
        ask_back(service, self._chance.sample(self._last, min(_ASKED_BACK, len(self._last))))

    def _leftovers(self) -> int:
        """Return the number of journals, the one of a living process included."""
        return len(list(self._world.journal.glob("*.journal")))
