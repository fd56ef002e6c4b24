"""Answers: every format says the same scores, at once or piece by piece."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.scores import MAX_GROUP_ROWS, score_id
from crispml_core.rest.formats.answers import score_answer, whole_answer
from crispml_core.rest.formats.facts import fact_headers
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET, SCORE_MEDIA
from crispml_core.rest.formats.single_json import SingleJson
from crispml_core.serving.scored import Scored
from crispml_core.tables.score_table import score_ids

JSON = "application/json"
Make = Callable[..., Scored]


def records_of(answer: bytes, media: str) -> list[dict[str, Any]]:
    """Return the records of an answer in the shape of the JSON answer."""
    if media == JSON:
        records: list[dict[str, Any]] = json.loads(answer)["scores"]
        return records
    if media == NDJSON:
        return [json.loads(line) for line in answer.splitlines()]
    if media == CSV:
        rows = list(csv.DictReader(io.StringIO(answer.decode(), newline="")))
        return [_nested({name: _read(name, text) for name, text in row.items()}) for row in rows]
    table = (
        pq.read_table(io.BytesIO(answer))
        if media == PARQUET
        else pa.ipc.open_stream(answer).read_all()
    )
    return [_nested(row) for row in table.to_pylist()]


def _read(name: str, text: str) -> Any:
    if not text:
        return None
    is_number = name.startswith("probability")
    return float(text) if is_number else text


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {"probabilities": {}, "segments": {}}
    for name, value in row.items():
        if name.startswith("probability_"):
            nested["probabilities"][name.removeprefix("probability_")] = value
        elif name.startswith("segment_"):
            nested["segments"][name.removeprefix("segment_")] = value
        elif name == "details":
            nested[name] = json.loads(value) if value else {}
        else:
            nested[name] = value
    return nested


def as_columns(records: list[dict[str, Any]], scored: Scored) -> list[dict[str, Any]]:
    """Return records of JSON as a table has them: a binary model has one probability."""
    if scored.scores.by_class is not None:
        return records
    return [{**record, "probabilities": {}} for record in records]


@pytest.mark.parametrize("media", SCORE_MEDIA)
@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", 'c "%d'), ()])
def test_every_format_says_the_same_scores(
    scored: Make, media: str, classes: tuple[str, ...]
) -> None:
    scores = scored(5, classes, offset=3)
    expected = as_columns(records_of(whole_answer(scores, JSON), JSON), scores)
    found = records_of(whole_answer(scores, media), media)
    if media == CSV and not classes:
        for record in found:
            record["prediction"] = float(record["prediction"])
    assert as_columns(found, scores) == expected
    assert [record["score_id"] for record in found] == scores.score_ids()


@pytest.mark.parametrize("media", SCORE_MEDIA)
def test_an_answer_in_pieces_is_the_same_answer(scored: Make, media: str) -> None:
    first, second = scored(3), scored(2, offset=3)
    second = dataclasses.replace(second, group_id=first.group_id)
    answer = score_answer(media)
    pieces = [answer.begin(first), answer.chunk(first), answer.chunk(second), answer.end()]
    whole = records_of(b"".join(pieces), media)
    parts = [records_of(whole_answer(part, media), media) for part in (first, second)]
    assert whole == parts[0] + parts[1]


def test_json_that_is_written_at_once_is_the_same_answer(scored: Make) -> None:
    scores, answer = scored(3), score_answer(JSON)
    pieces = [answer.begin(scores), answer.chunk(scores), answer.end()]
    assert whole_answer(scores, JSON) == b"".join(pieces)


def test_the_json_answer_has_the_facts_and_the_fields_it_always_had(scored: Make) -> None:
    scores = scored(2)
    answer = json.loads(whole_answer(scores, JSON))
    assert list(answer) == [
        *("use_case", "model", "version", "alias", "group_id", "durability", "fallback", "scores")
    ]
    assert answer["alias"] == "champion"
    assert answer["fallback"] is False
    assert answer["scores"][1] == {
        "score_id": score_id(scores.group_id, 1),
        "record_key": 'K-1 "ä", %d',
        "prediction": "yes",
        "probability": 0.4,
        "probabilities": {"no": 0.6, "yes": 0.4},
        "segments": {"channel": "shop", "size": "< 100"},
    }


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", 'c "%d'), ()])
def test_many_scores_as_json_are_what_single_answers_say(
    scored: Make, classes: tuple[str, ...]
) -> None:
    scores, write = scored(9000, classes, offset=70_000), SingleJson()
    records = json.loads(whole_answer(scores, JSON))["scores"]
    rows = scores.scores
    for row in (0, 1, 2, 8191, 8192, 8999):
        one = dataclasses.replace(
            rows,
            **{
                each.name: values[row : row + 1]
                for each in dataclasses.fields(rows)
                if (values := getattr(rows, each.name)) is not None
            },
        )
        alone = dataclasses.replace(scores, scores=one, offset=scores.offset + row)
        assert json.loads(write(alone))["scores"] == [records[row]]


@pytest.mark.parametrize("media", [PARQUET, ARROW])
def test_a_table_carries_the_facts_as_metadata(scored: Make, media: str) -> None:
    scores = scored(1, alias=None, fallback=True, durability="journal")
    body = whole_answer(scores, media)
    schema = (
        pq.read_schema(io.BytesIO(body)) if media == PARQUET else pa.ipc.open_stream(body).schema
    )
    facts = {name.decode(): text.decode() for name, text in schema.metadata.items()}
    assert facts["crispml.version"] == scores.version
    assert facts["crispml.group_id"] == scores.group_id
    assert facts["crispml.durability"] == "journal"
    assert facts["crispml.fallback"] == "true"
    assert "crispml.alias" not in facts


def test_the_headers_carry_the_facts_and_the_first_score(scored: Make) -> None:
    headers = dict(fact_headers(scored(2, offset=4, replayed=True)))
    assert headers[b"crispml-score-id"].endswith(b"000005")
    assert headers[b"crispml-version"] == b"20260101-000000-abcdef01"
    assert headers[b"crispml-fallback"] == b"false"
    assert headers[b"idempotency-replayed"] == b"true"


@pytest.mark.parametrize("media", SCORE_MEDIA)
def test_details_that_were_asked_for_come_with_each_score(scored: Make, media: str) -> None:
    scores = scored(2, details=['{"interval":["yes"]}', None])
    found = records_of(whole_answer(scores, media), media)
    assert [record["details"] for record in found] == [{"interval": ["yes"]}, {}]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"classes": ()},
        {"classes": ("a", "b", 'c "%d')},
        {"alias": None, "fallback": True, "durability": "journal", "offset": 7},
        {"use_case": "100 %d", "version": "%s"},
        {"details": ['{"reasons":[]}']},
        {"details": [None]},
    ],
)
def test_the_fast_answer_for_one_record_is_the_same_to_the_byte(
    scored: Make, facts: dict[str, Any]
) -> None:
    write = SingleJson()
    for _ in range(2):
        scores = scored(1, **facts)
        assert write(scores) == whole_answer(scores, JSON)


def test_the_fast_answer_tells_versions_and_fallbacks_apart(scored: Make) -> None:
    write = SingleJson()
    for facts in ({"version": "v1"}, {"version": "v2"}, {"fallback": True}, {"alias": None}) * 2:
        scores = scored(1, **facts)
        assert write(scores) == whole_answer(scores, JSON)


def test_the_fast_answer_does_not_remember_versions_without_end(scored: Make) -> None:
    write = SingleJson()
    for number in range(1000):
        write(scored(1, version=f"v{number}"))
    assert len(write._templates) <= SingleJson._MOST


def test_a_number_that_is_not_finite_is_null_in_json(scored: Make) -> None:
    scores = scored(1, classes=())
    scores.scores.predictions[0] = math.nan
    assert records_of(whole_answer(scores, JSON), JSON)[0]["prediction"] is None
    assert SingleJson()(scores) == whole_answer(scores, JSON)


def test_ids_made_at_once_are_those_made_one_by_one(scored: Make) -> None:
    group = scored(1).group_id
    for offset in (0, 250, 0xFFFF, MAX_GROUP_ROWS - 20):
        ids = [score_id(group, row) for row in range(offset, offset + 20)]
        assert score_ids(group, offset, 20).to_pylist() == ids


def test_what_small_requests_need_imports_no_data_frame() -> None:
    """The idle scoring process stays small: pyarrow comes with the first table."""
    code = """
import sys
import crispml_core.rest.formats.answers, crispml_core.rest.formats.body
import crispml_core.rest.formats.compression, crispml_core.rest.formats.single_json
import crispml_core.rest.dialects.v2, crispml_core.rest.dialects.mlflow_request
import crispml_core.rest.dialects.mlflow_response
heavy = ("pandas", "pyarrow", "sklearn", "scipy", "fastapi")
print([name for name in heavy if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
