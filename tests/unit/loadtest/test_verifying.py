"""The ledger is held against what clients were told: whatever was touched is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import msgspec
import pytest

from crispml_core.client import CrispMLClient
from crispml_core.domain.fields import Field
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Score, new_group_id, score_id
from loadtest import told, verifying
from loadtest.verifying import keeps_keys, verify

SCORES = 1200  # more than two pages


def score(number: int, **changed) -> Score:
    group = new_group_id()
    facts = {
        "score_id": score_id(group, 0),
        "group_id": group,
        "row": 0,
        "record_key": f"key-{number}",
        "use_case": "orders",
        "model": "orders",
        "version": "v1",
        "prediction": "yes" if number % 2 else "no",
        "probability": number / SCORES,
        "scored_at": utc_now(),
        "request_id": "r",
    }
    return Score(**{**facts, **changed})


@pytest.fixture
def scores():
    return [score(number) for number in range(SCORES)]


@pytest.fixture
def told_file(scores, tmp_path):
    file = tmp_path / "told.bin"
    packed = (
        told.pack(
            one.score_id,
            told.value_digest(one.prediction, one.probability, one.version, one.record_key),
        )
        for one in scores
    )
    file.write_bytes(b"".join(packed))
    return file


class Ledger:
    """Answers pages of scores as the service does, and remembers what it was asked."""

    def __init__(self, scores):
        self.scores = list(scores)
        self.asked = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        self.asked.append(asked)
        newest_first = self.scores[::-1]
        start, size = int(asked.get("cursor", 0)), int(asked["limit"])
        page = {"items": newest_first[start : start + size]}
        if start + size < len(newest_first):
            page["next_cursor"] = str(start + size)
        return httpx.Response(200, content=msgspec.json.encode(page))


@pytest.fixture
def compare(use_case, told_file, tmp_path, monkeypatch):
    monkeypatch.setattr(verifying, "_PATIENCE_S", 0.0)

    def compared(ledger, of=use_case):
        with CrispMLClient(transport=httpx.MockTransport(ledger)) as client:
            return verify(client, of, told_file, tmp_path)

    return compared


def test_a_ledger_that_holds_all_of_it_says_so(compare, scores):
    ledger = Ledger(scores)
    found = compare(ledger)
    assert (found.acknowledged, found.in_ledger) == (SCORES, SCORES)
    assert (found.missing, found.different, found.doubled, found.told_twice) == (0, 0, 0, 0)
    assert len(ledger.asked) == 3
    assert {asked["use_case"] for asked in ledger.asked} == {"orders"}


def test_only_the_time_of_the_load_is_read(compare, scores):
    ledger = Ledger(scores)
    compare(ledger)
    first, last = scores[0].scored_at, scores[-1].scored_at
    (asked, *_) = ledger.asked
    assert asked["from"] < (first - timedelta(seconds=1)).isoformat()
    assert asked["to"] > last.isoformat()


@pytest.mark.parametrize(
    "change",
    [
        {"prediction": "maybe"},
        {"probability": 0.123456789},
        {"probability": None},
        {"version": "v2"},
        {"record_key": "another"},
    ],
)
def test_one_touched_score_is_noticed(compare, scores, change):
    scores[700] = replace(scores[700], **change)
    found = compare(Ledger(scores))
    assert (found.in_ledger, found.different, found.missing) == (SCORES - 1, 1, 0)


def test_one_lost_score_is_noticed(compare, scores):
    del scores[3]
    found = compare(Ledger(scores))
    assert (found.in_ledger, found.missing) == (SCORES - 1, 1)


def test_one_score_that_was_stored_twice_is_noticed(compare, scores):
    again = replace(scores[5], score_id=score(5).score_id)
    found = compare(Ledger([*scores, again]))
    assert (found.in_ledger, found.doubled) == (SCORES, 1)


def test_one_row_that_is_listed_twice_is_noticed(compare, scores):
    found = compare(Ledger([*scores, scores[5]]))
    assert (found.in_ledger, found.doubled) == (SCORES - 1, 1)


def test_an_answer_that_names_the_score_of_another_one_is_noticed(compare, scores, told_file):
    content = told_file.read_bytes()
    told_file.write_bytes(content + content[: told.SIZE])
    found = compare(Ledger(scores))
    assert (found.acknowledged, found.told_twice, found.in_ledger) == (SCORES + 1, 1, SCORES - 1)


def test_scores_of_others_do_not_matter(compare, scores):
    found = compare(Ledger([*scores, score(9001), score(9001)]))
    assert (found.in_ledger, found.doubled) == (SCORES, 0)


def test_what_comes_out_of_a_journal_is_waited_for(compare, scores, monkeypatch):
    monkeypatch.setattr(verifying, "_PATIENCE_S", 10.0)
    monkeypatch.setattr(verifying, "_PAUSE_S", 0.0)
    ledger = Ledger(scores[:-1])

    def replayed(request):
        if len(ledger.asked) == 3:
            ledger.scores.append(scores[-1])
        return ledger(request)

    found = compare(replayed)
    assert (found.in_ledger, found.missing, found.doubled) == (SCORES, 0, 0)


def test_where_the_ledger_has_pseudonyms_keys_are_not_compared(use_case):
    key = Field("order_id", "string", max_length=20, privacy="pseudonymise")
    hidden = replace(use_case, fields=(key, *use_case.fields[1:]))
    assert keeps_keys(use_case)
    assert not keeps_keys(hidden)
    named = told.value_digest("yes", 0.5, "v1", "key")
    assert named != told.value_digest("yes", 0.5, "v1", None)
    assert told.value_digest(3, None, "v1", None) == told.value_digest(3.0, None, "v1", None)


def test_nothing_told_needs_no_ledger(compare, told_file):
    told_file.write_bytes(b"")
    ledger = Ledger([])
    assert compare(ledger).acknowledged == 0
    assert ledger.asked == []
