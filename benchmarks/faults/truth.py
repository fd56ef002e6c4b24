"""What the ledger holds, held against what clients were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import select

from benchmarks.faults.load import Told
from benchmarks.faults.service import Service
from benchmarks.faults.world import World
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import score_groups
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.bootstrap.drift import drift_store
from crispml_core.domain.scores import chain_root, score_id
from crispml_core.serving.stored_inputs import verify_rows

_TOTALS = (
    "SELECT version, SUM(row_count) FROM score_groups GROUP BY version",
    "SELECT version, SUM(row_count) FROM drift_counts WHERE segment = '' GROUP BY version",
)


class Truth:
    """Looks at all that a ledger got since the last look.

    Parameters
    ----------
    world : World
        The stores.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._engine = make_engine(world.url)
        self._ledger = SqlScoreLedger(self._engine)
        self._last = 0
        self._chains: dict[str, tuple[int, bytes]] = {}
        self.stored: dict[str, tuple[str, str, float, str]] = {}
        self.keys: Counter[str] = Counter()
        self.groups = 0

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def uncounted(self) -> dict[str, tuple[int, int]]:
        """Return by version how many scores are stored and counted for drift, where these differ.

        What waits to be counted is counted first.
        """
        drift_store(self._engine, VolumeModelRegistry(self._world.registry)).catch_up()
        with reading(self._engine) as connection:
            stored, counted = (
                dict(connection.exec_driver_sql(query).tuples().all()) for query in _TOTALS
            )
        return {
            version: (stored.get(version, 0), counted.get(version, 0))
            for version in stored.keys() | counted.keys()
            if stored.get(version) != counted.get(version)
        }

    def look(self, *, is_whole: bool = True) -> None:
        """Read the new groups, and verify their rows and their place in the chain.

        Parameters
        ----------
        is_whole : bool
            Whether no chain may have a gap.

        Raises
        ------
        AssertionError
            If a row is not what its digest says, or a chain is broken.
        """
        for number, group_id in self._new_groups():
            group = self._ledger.group(group_id)
            assert verify_rows(group) == [], f"group {group_id} is not what its digests say"
            sequence, root = self._chains.get(group.writer_id, (0, bytes(32)))
            if is_whole:
                assert (group.sequence, group.previous_root) == (sequence + 1, root), (
                    f"the chain breaks between {sequence} and {group.sequence}"
                )
            assert group.root == chain_root(
                group.previous_root, group.writer_id, group.sequence, group.row_digests
            )
            self._last = number
            self._chains[group.writer_id] = group.sequence, group.root
            self.groups += 1
            for row in range(group.rows):
                score = group.score(row)
                identifier = score_id(group_id, row)
                assert identifier not in self.stored, "a score id is there twice"
                assert isinstance(score.prediction, str)
                assert score.probability is not None
                self.stored[identifier] = (
                    score.record_key,
                    score.prediction,
                    score.probability,
                    score.version,
                )
                self.keys[score.record_key] += 1

    def check(self, told: Collection[Told]) -> None:
        """Raise `AssertionError` unless each told score is stored once, as it was told."""
        lost = [
            one
            for one in told
            if self.stored.get(one.score_id)
            != (one.record_key, one.prediction, one.probability, one.version)
        ]
        assert not lost, f"{len(lost)} of {len(told)} acknowledged scores are lost, as {lost[0]}"
        double = [one for one in told if self.keys[one.record_key] != 1]
        assert not double, f"{len(double)} acknowledged records are stored twice, as {double[0]}"

    def extra(self, told: Collection[Told]) -> set[str]:
        """Return the keys that are stored although nobody was told."""
        return set(self.keys) - {one.record_key for one in told}

    def _new_groups(self) -> list[tuple[int, str]]:
        number = score_groups.c.group_no
        query = select(number, score_groups.c.group_id).where(number > self._last).order_by(number)
        with reading(self._engine) as connection:
            return list(connection.execute(query).tuples())


def ask_back(service: Service, told: Collection[Told]) -> None:
    """Raise `AssertionError` unless the service itself gives back the scores as they were told."""
    for one in told:
        found = service.get(f"/api/v1/scores/{one.score_id}")
        assert found["record_key"] == one.record_key
        assert found["prediction"] == one.prediction
        assert found["probability"] == one.probability
