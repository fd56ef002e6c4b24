"""Scores from before revision 0002, and the way there and back."""

from __future__ import annotations

import json

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.scores import Encoding, score_id

EARLY_GROUPS = [
    # group_id, request_id, idempotency_digest, created_at
    ("01930000-0000-7000-8000-00000000000a", "r-1", "d-1", "2026-03-01 12:00:00.000001"),
    ("01930000-0000-7000-8000-00000000000b", "r-2", None, "2026-03-01 12:00:00.000000"),
    ("01930000-0000-7000-8000-00000000000c", "r-3", None, "2026-03-01 12:00:00.000002"),
]
EARLY_SCORES = [
    # score_id, group, row, key, prediction, number, probability, probabilities
    (
        "01930000-0000-7000-8000-000000000001",
        0,
        0,
        "a",
        "bad",
        None,
        0.3,
        {"good": 0.7, "bad": 0.3},
    ),
    (
        "01930000-0000-7000-8000-000000000002",
        0,
        1,
        "b",
        "good",
        None,
        0.1,
        {"good": 0.9, "bad": 0.1},
    ),
    (
        "01930000-0000-7000-8000-000000000003",
        1,
        0,
        "a",
        "y",
        None,
        0.5,
        {"x": 0.2, "y": 0.5, "z": 0.3},
    ),
    ("01930000-0000-7000-8000-000000000004", 2, 0, "c", "0.3", 0.3, None, {}),
]


def fill_revision_1(engine):
    with writing(engine) as connection:
        for number, (group_id, request_id, digest, created_at) in enumerate(EARLY_GROUPS):
            connection.exec_driver_sql(
                "INSERT INTO score_groups (group_id, writer_id, sequence, use_case, model, version,"
                " alias, created_at, request_id, row_count, inputs, row_digests, root,"
                " previous_root, idempotency_key, idempotency_digest, fingerprint)"
                " VALUES (?, 'w', ?, 'credit', 'm', 'v1', NULL, ?, ?, ?, ?, ?, ?, ?, NULL, ?, 'f')",
                (
                    group_id,
                    number + 1,
                    created_at,
                    request_id,
                    sum(score[1] == number for score in EARLY_SCORES),
                    bytes([number]) * 10_000,
                    bytes([number]) * 64,
                    f"{number}" * 64,
                    "0" * 64,
                    digest,
                ),
            )
        for early_id, group, row, key, prediction, number, probability, by_class in EARLY_SCORES:
            group_id, request_id, _, created_at = EARLY_GROUPS[group]
            connection.exec_driver_sql(
                "INSERT INTO scores (score_id, group_id, row_number, record_key, use_case, model,"
                " version, prediction, prediction_number, probability, probabilities, segments,"
                " request_id, scored_at) VALUES (?, ?, ?, ?, 'credit', 'm', 'v1', ?, ?, ?, ?, ?, ?,"
                " ?)",
                (
                    early_id,
                    group_id,
                    row,
                    key,
                    prediction,
                    number,
                    probability,
                    json.dumps(by_class),
                    '{"sex":"f"}',
                    request_id,
                    created_at,
                ),
            )


def rows_of(engine, table, key):
    with reading(engine) as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY {key}")
        return [dict(row._mapping) for row in found]


@pytest.fixture
def revision_1(file):
    """A database of revision 0001 with scores."""
    url = f"sqlite:///{file}"
    migrate.upgrade(url)
    migrate.downgrade(url, "0001")
    engine = make_engine(url)
    fill_revision_1(engine)
    yield engine
    engine.dispose()


def test_scores_from_before_revision_2_are_read_as_they_were(revision_1, file):
    migrate.upgrade(f"sqlite:///{file}")
    ledger = SqlScoreLedger(revision_1)

    for early_id, group, row, key, prediction, number, probability, by_class in EARLY_SCORES:
        score = ledger.get(early_id)
        assert (score.score_id, score.group_id) == (early_id, EARLY_GROUPS[group][0])
        assert (score.row, score.record_key, score.version) == (row, key, "v1")
        assert score.prediction == (prediction if number is None else number)
        assert (score.probability, score.probabilities) == (probability, by_class)
        assert (score.segments, score.request_id) == ({"sex": "f"}, EARLY_GROUPS[group][1])
    group = ledger.group(EARLY_GROUPS[0][0])
    assert (group.writer_id, group.sequence, group.classes) == ("w", 1, ("good", "bad"))
    assert (group.inputs, group.encoding) == (bytes(10_000), Encoding.ARROW)
    assert (group.row_digests, group.root) == (bytes(64), bytes(32))
    assert group.scores.record_keys == ["a", "b"]
    assert ledger.last_root("w") == (3, b"\x22" * 32)


def test_scores_from_before_revision_2_are_found_in_pages_and_by_key(revision_1, file):
    migrate.upgrade(f"sqlite:///{file}")
    ledger = SqlScoreLedger(revision_1)
    ids = [score[0] for score in EARLY_SCORES]
    newest_first = [ids[3], ids[1], ids[0], ids[2]]

    def found(**what):
        return [score.score_id for score in ledger.find(**what)]

    assert found() == newest_first
    assert found(before=ids[1]) == newest_first[2:]
    assert found(use_case="credit", record_key="a") == [ids[0], ids[2]]
    receipt = SqlLabelStore(revision_1).add(
        "credit",
        [
            Label(value="bad", label_time=utc_now(), score_id=ids[0]),
            Label(value="bad", label_time=utc_now(), record_key="c"),
            Label(value="bad", label_time=utc_now(), score_id=EARLY_GROUPS[0][0]),
        ],
    )
    assert [verdict.value for verdict in receipt.verdicts] == ["accepted", "accepted", "unknown"]
    table = ledger.with_labels("credit", start=None, end=None)
    assert table["score_id"].to_pylist() == newest_first[::-1]
    assert table["label"].to_pylist() == [None, "bad", None, "bad"]
    assert [json.loads(text) for text in table["probabilities"].to_pylist()] == [
        EARLY_SCORES[n][-1] for n in (2, 0, 1, 3)
    ]


def test_new_scores_follow_on_those_from_before_revision_2(revision_1, file, make_group):
    migrate.upgrade(f"sqlite:///{file}")
    ledger, group = SqlScoreLedger(revision_1), make_group("a", sequence=4)

    ledger.append([group])

    assert ledger.group(group.group_id) == group
    assert len(ledger.find(use_case="credit", record_key="a")) == 3


def test_the_way_back_to_revision_1_keeps_every_score(revision_1, file, make_group):
    groups = rows_of(revision_1, "score_groups", "group_id")
    before = rows_of(revision_1, "scores", "score_id")
    url = f"sqlite:///{file}"

    migrate.upgrade(url)
    group = make_group("x", "y", sequence=9)
    SqlScoreLedger(revision_1).append([group])
    migrate.downgrade(url, "0001")

    assert rows_of(revision_1, "score_groups", "group_id")[:3] == groups
    after = rows_of(revision_1, "scores", "score_id")
    assert [row | {"probabilities": None} for row in after[:4]] == [
        row | {"probabilities": None} for row in before
    ]
    assert [json.loads(row["probabilities"]) for row in after] == [
        *(score[-1] for score in EARLY_SCORES),
        *[{"bad": 0.75, "good": 0.25}] * 2,
    ]
    assert after[5]["score_id"] == score_id(group.group_id, 1)
    assert (after[5]["group_id"], after[5]["record_key"]) == (group.group_id, "y")
    migrate.upgrade(url)
    assert SqlScoreLedger(revision_1).get(EARLY_SCORES[2][0]).probability == 0.5
