"""Labels about the last score of a record until a moment, and labels before their score."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidRecords
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.labels import CLOCK_TOLERANCE, Label, Verdict, label_id
from crispml_core.domain.models import SHADOW
from crispml_core.tables.label_table import in_batches

ACCEPTED, DUPLICATE, SUPERSEDED, UNKNOWN = Verdict


def until(stores, key, moment, value="bad", *, after=0):
    time = stores.clock.now + timedelta(seconds=after)
    return Label(value=value, label_time=time, record_key=key, scored_until=moment)


def add(stores, *labels):
    return list(stores.labels.add("credit", labels).verdicts)


def truth(stores, **what):
    table = stores.ledger.with_labels("credit", **({"start": None, "end": None} | what))
    return table["label"].to_pylist()


@pytest.fixture
def moments(stores):
    """Score a record three times, a minute apart, and return when."""
    found = []
    for version in ("v1", "v2", "v1"):
        stores.score("a", "b", version=version)
        found.append(stores.clock())
        stores.clock.advance(60)
    return found


def test_a_label_with_a_moment_is_about_the_last_score_until_then(stores, moments):
    assert add(stores, until(stores, "a", moments[1])) == [ACCEPTED]

    assert truth(stores) == [None, None, "bad", None, None, None]


@pytest.mark.parametrize(
    ("seconds", "place"), [(-1, 0), (0, 2), (1, 2), (59, 2), (60, 4), (999, 4)]
)
def test_at_the_moment_itself_counts_too(stores, moments, seconds, place):
    add(stores, until(stores, "a", moments[1] + timedelta(seconds=seconds)))

    assert [row for row, label in enumerate(truth(stores)) if label] == [place]


def test_of_two_scores_of_one_moment_the_later_one_is_the_last(stores):
    stores.score("a", "a")
    add(stores, until(stores, "a", stores.clock()))

    assert truth(stores) == [None, "bad"]


def test_which_score_is_the_last_does_not_depend_on_window_and_version(stores, moments):
    add(stores, until(stores, "a", moments[2]))

    assert truth(stores, version="v2") == [None, None]
    assert truth(stores, end=moments[2]) == [None] * 4
    assert truth(stores, start=moments[2]) == ["bad", None]
    assert truth(stores, as_of=moments[2] - timedelta(seconds=1)) == [None] * 4


def test_a_label_with_a_moment_before_every_score_waits_for_one(stores, moments):
    early = moments[0] - timedelta(seconds=30)
    assert add(stores, until(stores, "a", early)) == [UNKNOWN]
    assert truth(stores) == [None] * 6

    stores.score("a", created_at=early - timedelta(seconds=1))  # as from a journal

    assert truth(stores) == ["bad", *[None] * 6]


def test_it_wins_over_the_label_of_the_record_and_not_over_that_of_the_score(stores, moments):
    (again,) = stores.score("a")
    now = stores.clock()
    add(stores, Label(value="record", label_time=now, record_key="a"))
    add(stores, until(stores, "a", moments[0], "moment"), until(stores, "a", now, "moment"))
    add(stores, Label(value="score", label_time=now, score_id=again.score_id))

    assert truth(stores) == ["moment", None, "record", None, "record", None, "score"]


def test_of_labels_that_mean_one_score_the_latest_truth_counts(stores, moments):
    inside = moments[1] + timedelta(seconds=1)
    rows = [
        until(stores, "a", moments[1], "first"),
        until(stores, "a", inside, "latest", after=9),
        until(stores, "a", inside + timedelta(seconds=1), "older", after=-9),
    ]
    assert add(stores, *rows) == [ACCEPTED] * 3

    assert truth(stores) == [None, None, "latest", None, None, None]


def test_the_same_moment_can_be_corrected_and_repeated(stores, moments):
    first = until(stores, "a", moments[1])
    assert add(stores, first, first) == [ACCEPTED, DUPLICATE]
    stores.clock.advance(1)
    assert add(stores, until(stores, "a", moments[1], "good")) == [SUPERSEDED]
    assert truth(stores) == [None, None, "good", None, None, None]

    newest, oldest = stores.labels.find(record_key="a")

    assert (newest.record_key, newest.scored_until) == ("a", moments[1])
    assert (newest.is_current, oldest.is_current) == (True, False)


def test_a_score_that_nobody_was_answered_takes_no_label_from_one_that_was(stores):
    stores.score("a")
    stores.clock.advance(1)
    stores.score("a", alias=SHADOW)
    add(stores, until(stores, "a", stores.clock()))

    assert truth(stores) == ["bad"]
    assert truth(stores, shadow=True) == ["bad"]


def test_a_label_long_before_the_score_that_it_names_is_refused_with_all_of_its_import(stores):
    (score,) = stores.score("a")
    long_ago = score.scored_at - CLOCK_TOLERANCE - timedelta(seconds=1)
    fine = Label(value="bad", label_time=stores.clock(), record_key="a")
    wrong = Label(value="bad", label_time=long_ago, score_id=score.score_id)

    with pytest.raises(InvalidRecords) as caught:
        stores.labels.add("credit", [fine, wrong])

    (problem,) = caught.value.problems
    assert (problem.row, problem.rule, problem.field) == (1, "before_score", "label_time")
    assert stores.labels.find() == []
    assert truth(stores) == [None]


def test_a_label_before_a_score_that_it_does_not_name_counts(stores):
    (score,) = stores.score("a")
    long_ago = score.scored_at - timedelta(days=30)

    assert add(stores, Label(value="bad", label_time=long_ago, record_key="a")) == [ACCEPTED]
    assert truth(stores) == ["bad"]


def test_an_import_in_batches_counts_and_says_what_became_of_each_row(stores):
    stores.score("a", "b")
    now = stores.clock()
    labels = [Label(value="bad", label_time=now, record_key=key) for key in "abxa"]
    batches = [*in_batches(labels[:3]), *in_batches(labels[3:])]

    done = stores.labels.import_batches("credit", batches, idempotency_key="k", fingerprint="f")

    assert (done.row_count, done.use_case, done.received_at) == (4, "credit", now)
    assert done.counts == {"accepted": 2, "duplicate": 1, "superseded": 0, "unknown": 1}
    rows = [row for batch in stores.labels.verdicts(done.import_id) for row in batch.to_pylist()]
    assert rows == [
        {"row": 0, "verdict": "accepted", "label_id": label_id(done.import_id, 0)},
        {"row": 1, "verdict": "accepted", "label_id": label_id(done.import_id, 1)},
        {"row": 2, "verdict": "unknown", "label_id": label_id(done.import_id, 2)},
        {"row": 3, "verdict": "duplicate", "label_id": None},
    ]
    again = stores.labels.import_batches("credit", batches, idempotency_key="k", fingerprint="f")
    assert again == done


KEYS = st.sampled_from(["a", "b"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("score"), st.lists(KEYS, min_size=1, max_size=3)),
        st.tuples(
            st.just("label"),
            st.lists(
                st.tuples(KEYS, st.sampled_from(["x", "y"]), st.integers(-1, 8)),
                min_size=1,
                max_size=3,
            ),
        ),
    ),
    max_size=9,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_last_score_until_a_moment_is_the_one_of_a_plain_model(stores, steps):
    use_case, begin = f"property-{new_id()}", stores.clock()
    scores, current = [], {}
    for kind, content in steps:
        now = stores.clock.advance(1)
        if kind == "score":
            scores += [(now, score) for score in stores.score(*content, use_case=use_case)]
            continue
        rows = [
            Label(value=v, label_time=now, record_key=k, scored_until=begin + timedelta(seconds=s))
            for k, v, s in content
        ]
        stores.labels.add(use_case, rows)
        for row in rows:
            about = (row.record_key, row.scored_until)
            if current.get(about, (None, None))[0] != row.value:
                current[about] = (row.value, len(current), now)

    wanted = {}
    for (key, moment), (value, _, now) in current.items():
        of_record = [s.score_id for at, s in scores if s.record_key == key and at <= moment]
        if of_record:
            wanted.setdefault(of_record[-1], []).append((now, value))
    table = stores.ledger.with_labels(use_case, start=None, end=None)
    for score_id, label in zip(
        table["score_id"].to_pylist(), table["label"].to_pylist(), strict=True
    ):
        possible = wanted.get(score_id)
        if possible is None:
            assert label is None
        else:
            latest = max(now for now, _ in possible)
            assert label in [value for now, value in possible if now == latest]
