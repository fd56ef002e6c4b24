"""The keeper seals late rows, too, and does not count a large table all day for them."""

from __future__ import annotations

import pytest

from crispml_core.pipelines.audit import keeper as module
from crispml_core.pipelines.audit.keeper import AuditKeeper
from crispml_core.testing.fakes.audit_log import FakeAuditLog, FakeSeals


class LargeTable(FakeSeals):
    """Takes some seconds of a clock to be counted."""

    def __init__(self, log, count_s):
        super().__init__(log, {"labels": {'["b"]': bytes(32), '["d"]': bytes(32)}})
        self.now, self.counted, self._count_s = 0.0, 0, count_s

    def counts(self, table):
        self.now += self._count_s
        self.counted += 1
        return super().counts(table)

    def monotonic(self):
        return self.now


@pytest.fixture
def large(monkeypatch):
    def made(count_s):
        log = FakeAuditLog()
        seals = LargeTable(log, count_s)
        monkeypatch.setattr(module, "time", seals)
        return AuditKeeper(log, seals, environment="qa"), seals

    return made


def test_a_late_row_of_a_small_table_is_sealed_by_the_next_pass(large):
    keeper, seals = large(0.5)
    assert keeper.seal() == 2
    for key in ('["a"]', '["c"]'):
        seals.rows["labels"][key] = bytes(32)
        assert keeper.seal() == 1
    assert keeper.seal() == 0


def test_a_large_table_is_counted_for_a_hundredth_of_the_time(large):
    keeper, seals = large(6.0)
    assert keeper.seal() == 2
    seals.rows["labels"]['["c"]'] = bytes(32)
    for _ in range(9):
        seals.now += 60
        assert keeper.seal() == 0
    assert seals.counted == 1
    seals.now += 60
    assert keeper.seal() == 1

    seals.rows["labels"]['["e"]'] = bytes(32)
    assert keeper.seal() == 1, "what comes in order waits for no count"
