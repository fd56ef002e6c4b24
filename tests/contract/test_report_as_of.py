"""A report of what was known at a moment is the same to the byte whatever comes later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.fields import Field
from crispml_core.domain.labels import Label
from crispml_core.domain.reports import ReportQuestion, canonical_bytes
from crispml_core.domain.targets import Gate, Segment, Target
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.reporting.pages import render_verification
from crispml_core.reporting.tidy import render_table
from crispml_core.testing.fakes.model_registry import FakeModelRegistry
from crispml_core.testing.fakes.timing_log import FakeTimingLog

CREDIT = UseCase(
    name="credit",
    target=Target("risk", "binary", ("good", "bad"), "bad"),
    record_key="id",
    fields=(Field("id", "string"), Field("sex", "string")),
    source=None,
    algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
    segments=(Segment("sex"),),
    gates=(Gate("auc", minimum=0.5),),
)


@pytest.fixture
def report(stores):
    pipelines = ScoringPipelines(
        {"credit": CREDIT},
        ScoringStores(
            ledger=stores.ledger,
            labels=stores.labels,
            reports=stores.reports,
            registry=FakeModelRegistry(),
            timings=FakeTimingLog(),
            libraries=lambda: {"numpy": "1"},
        ),
    )
    return lambda **question: pipelines.report("credit", **question)


def score_and_label(stores, first, count, labelled=0.8):
    random = np.random.default_rng(first)
    keys = [f"r{first + number}" for number in range(count)]
    for key in keys:
        p = float(random.random())
        stores.score(
            key, probability=p, prediction="bad" if p > 0.4 else "good", classes=("good", "bad")
        )
    stores.clock.advance(60)
    label(stores, [key for key in keys if random.random() < labelled], random)
    return keys


def label(stores, keys, random):
    stores.labels.add(
        "credit",
        [
            Label(
                value=("good", "bad")[int(random.random() < 0.5)],
                label_time=stores.clock(),
                record_key=key,
            )
            for key in keys
        ],
    )


def as_bytes(report):
    content = report.content
    return (
        canonical_bytes(content),
        render_verification(content).encode(),
        render_table(content).encode(),
        report.digest,
    )


def test_what_was_known_then_stays_the_same_to_the_byte(stores, report):
    keys = score_and_label(stores, 0, 60)
    then = stores.clock()
    before = as_bytes(report(as_of=then))

    stores.clock.advance(3600)
    label(stores, keys, np.random.default_rng(99))  # corrections, and labels that were missing
    score_and_label(stores, 60, 20)

    assert as_bytes(report(as_of=then)) == before
    now = report(as_of=stores.clock())
    assert (now.content["scored"], now.digest == before[-1]) == (80, False)
    assert [found.digest for found in stores.reports.find(digest=before[-1])] == [before[-1]] * 2


def test_a_report_that_was_asked_for_no_moment_can_be_made_again_from_itself(stores, report):
    score_and_label(stores, 0, 30)
    first = report()
    stores.clock.advance(3600)
    asked = ReportQuestion.of(first.content)
    assert asked.as_of is not None
    again = report(start=asked.start, end=asked.end, version=asked.version, as_of=asked.as_of)
    assert as_bytes(again) == as_bytes(first)
    assert again.id != first.id
    assert [found.id for found in stores.reports.find(asked=asked)] == [again.id, first.id]


def test_what_cannot_be_reported_is_refused_and_nothing_is_stored(stores, report):
    score_and_label(stores, 0, 5)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for question, error, said in (
        ({"start": start, "end": start}, InvalidInput, "to must be later"),
        ({"as_of": datetime.now(UTC) + timedelta(hours=1)}, InvalidInput, "future"),
        ({"version": "unheard-of"}, NotFound, "version"),
    ):
        with pytest.raises(error, match=said):
            report(**question)
    assert stores.reports.find() == []
