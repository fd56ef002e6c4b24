"""A version replayed on its own log says what it said, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.schema.migrate import upgrade
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.errors import InvalidInput, TooLarge
from crispml_core.domain.labels import Label
from crispml_core.domain.models import SHADOW
from crispml_core.methods.new_data_score import NewDataScore
from crispml_core.pipelines.replays import Replays
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served
from crispml_core.serving.replaying import check_replayable, replay_group
from crispml_core.serving.scored import ScoreCall
from crispml_core.testing.fakes.timing_log import FakeTimingLog

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def boosted():
    return HistGradientBoostingClassifier(max_iter=15, early_stopping=False)


def forest():
    return RandomForestClassifier(20, random_state=0)


MODELS = {
    "linear": ("binary", "scaled", LogisticRegression, "scorer"),
    "boosted": ("binary", "ordinal", boosted, "scorer"),
    "deep": ("multiclass", "varied", forest, "scorer"),
    "uncompiled": ("binary", "varied", forest, "reference"),
    "numbers": ("regression", "scaled", Ridge, "scorer"),
}


class Log:
    """A ledger with what versions answered, an hour after the other."""

    def __init__(self, use_case, folder):
        url = f"sqlite:///{folder / 'crispml.db'}"
        upgrade(url)
        engine = make_engine(url)
        self.use_case, self.now = use_case, BEGIN
        self.ledger = SqlScoreLedger(engine)
        self.labels = SqlLabelStore(engine, clock=lambda: self.now)
        self.reports = SqlReportStore(engine)
        commits = DirectCommits(self.ledger)
        self.writer = LedgerWriter(self.ledger, commits, clock=lambda: self.now)
        self.scorers, self.timings = {}, FakeTimingLog()

    def answer(self, version, scorer, records, **more):
        self.scorers[version] = scorer
        scores, inputs = NewDataScore(self.use_case, scorer).run(records, request_id="r")
        name = self.use_case.name
        served = Served(
            name, name, version, more.pop("alias", "champion"),
            self.use_case.target.classes, self.use_case.schema.clear,
        )  # fmt: skip
        (scored,) = self.writer.commit(
            [Entry(ScoreCall(use_case=name), served, scores, inputs, **more)]
        )
        self.now += timedelta(hours=1)
        return scored

    def replay(self, version, **more):
        def asked(use_case, version):
            check_replayable(self.use_case.schema)
            return partial(replay_group, self.scorers[version], self.use_case.schema)

        most = {"most_rows": more.pop("most_rows")} if "most_rows" in more else {}
        replays = Replays(
            {self.use_case.name: self.use_case},
            self.ledger,
            self.reports,
            asked,
            self.timings,
            **most,
        )
        return replays.replay(self.use_case.name, version, **more).content


def records_of(things, rows):
    batch = things.batch_of(rows_of(rows))
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True)), batch


def rows_of(count, seed=11):
    from datetime import date

    random = np.random.default_rng(seed)

    def some(value):
        return None if random.random() < 0.2 else value

    return [
        (
            f"k{row}", float(random.normal(0, 2)), int(random.integers(0, 50)),
            some(float(random.normal())), some(bool(random.random() < 0.5)),
            bool(random.random() < 0.3), some(str(random.choice(["sea", "land", "moon"]))),
            str(random.choice(list("ABCZ"))), some(date(2024, 1, 1 + row % 28)),
        )
        for row in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(MODELS))
def test_a_version_on_its_own_log_has_no_difference(things, tmp_path, name):
    task, curation, estimator, which = MODELS[name]
    model = things.model(f"replay {name}", task, curation, estimator)
    scorer, log = getattr(model, which), Log(model.use_case, tmp_path)
    rows, batch = records_of(things, 120)
    for row in rows[:20]:
        log.answer("v1", scorer, [row])
    log.answer("v1", scorer, rows[20:60])
    log.answer("v1", scorer, batch.slice(60))

    found = log.replay("v1")

    assert (found["scored"], found["answered_by"]) == (120, {"v1": 120})
    overall = found["overall"]
    assert (overall["rows"], overall["identical"]) == (120, 120)
    assert (overall["mean_delta"], overall["largest_delta"]) == (0.0, 0.0)
    if task != "regression":
        assert (overall["flips"], overall["flips_by_class"]) == (0, {})
        loss = overall["cost" if task == "binary" else "mistakes"]
        assert loss["change"] in (0.0, None)
    assert set(found["segments"]) == {segment.name for segment in model.use_case.segments}


@pytest.fixture
def both(things, tmp_path):
    """Two versions, and a log of the first with labels for half of it."""
    first = things.model("replay boosted", *MODELS["boosted"][:3])
    other = things.model("replay linear", *MODELS["linear"][:3])
    log = Log(first.use_case, tmp_path)
    rows, batch = records_of(things, 300)
    log.answer("v1", first.scorer, rows[:100])
    scored = log.answer("v1", first.scorer, batch.slice(100))
    log.scorers["v2"] = other.scorer
    truth = ["b" if row[1] > 0 else "a" for row in rows]
    labels = [
        Label(value=truth[row], label_time=log.now, record_key=f"k{row}") for row in range(150)
    ]
    log.labels.add("things", labels)
    log.now += timedelta(hours=1)
    return log, rows, batch, first.scorer, other.scorer, truth, scored


def test_another_version_is_compared_record_by_record(both):
    log, _, batch, first, other, truth, _ = both
    before, after = first.answer_columns(batch), other.answer_columns(batch)

    found = log.replay("v2")

    overall = found["overall"]
    pairs = list(zip(before.predictions, after.predictions, strict=True))
    assert overall["flips"] == sum(one != two for one, two in pairs) > 0
    assert overall["flips_by_class"] == {
        f"{one} to {two}": pairs.count((one, two))
        for one, two in (("a", "b"), ("b", "a"))
        if pairs.count((one, two))
    }
    p, q = np.array(before.probabilities), np.array(after.probabilities)
    assert overall["largest_delta"] == pytest.approx(np.abs(q - p).max(), abs=1e-12)
    assert overall["mean_delta"] == pytest.approx((q - p).mean(), abs=1e-12)
    cost = []
    for row, pair in enumerate(pairs):
        expected = (p[row] + q[row]) / 2
        for decided in pair:
            if row < 150:
                cost.append(float(decided != truth[row]))
            else:
                cost.append(1 - expected if decided == "b" else expected)
    assert overall["cost"]["labelled"] == found["labelled"] == 150
    assert overall["cost"]["before"] == pytest.approx(np.mean(cost[::2]))
    assert overall["cost"]["after"] == pytest.approx(np.mean(cost[1::2]))
    by_place = found["segments"]["place"]
    assert sum(part["rows"] or 0 for part in by_place.values()) <= 300
    assert log.reports.get(log.reports.find(use_case="things")[0].id).content == found


def test_only_the_window_and_the_version_that_are_asked_for_are_replayed(both):
    log, rows, _, _, other, _, scored = both
    log.answer("v2", other, rows[:7])
    log.answer("v2", other, rows[:200], alias=SHADOW, shadow_of=scored.group_id)

    assert log.replay("v2")["answered_by"] == {"v1": 300, "v2": 7}
    assert log.replay("v1", of_version="v2")["answered_by"] == {"v2": 7}
    first_hour = {"start": BEGIN, "end": BEGIN + timedelta(hours=1)}
    assert log.replay("v2", **first_hour)["scored"] == 100
    assert log.replay("v2", start=BEGIN + timedelta(hours=1))["scored"] == 207


def test_a_small_group_shows_no_numbers(both):
    log = both[0]
    hidden = [
        part
        for groups in log.replay("v2")["segments"].values()
        for part in groups.values()
        if part["rows"] is None
    ]
    assert hidden
    assert all(part == {"rows": None} for part in hidden)


def test_a_replay_writes_no_score(both):
    log = both[0]
    before = log.ledger.find(limit=1000)
    log.replay("v2")
    assert log.ledger.find(limit=1000) == before


def test_an_empty_window_and_one_that_is_too_large_are_refused(both):
    log = both[0]
    with pytest.raises(InvalidInput, match="no scores"):
        log.replay("v2", start=BEGIN + timedelta(days=9))
    with pytest.raises(InvalidInput, match="later than from"):
        log.replay("v2", start=BEGIN, end=BEGIN)
    with pytest.raises(TooLarge, match="more than 250"):
        log.replay("v2", most_rows=250)
    assert log.reports.find() == []


def test_what_is_not_stored_makes_a_replay_impossible(both):
    log = both[0]
    fields = [
        replace(field, privacy="drop") if field.name == "price" else field
        for field in log.use_case.fields
    ]
    log.use_case = replace(log.use_case, fields=fields)
    with pytest.raises(InvalidInput, match="keeps no values of price"):
        log.replay("v2")


def test_scores_of_another_definition_are_not_replayed(both):
    log = both[0]
    fields = [field for field in log.use_case.fields if field.name != "is_big"]
    smaller = replace(log.use_case, fields=fields, prepare=(), segments=())
    for group in log.ledger.groups_between("things", start=None, end=None):
        with pytest.raises(InvalidInput, match="another definition"):
            replay_group(log.scorers["v1"], smaller.schema, group)
