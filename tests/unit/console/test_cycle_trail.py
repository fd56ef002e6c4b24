"""A run knows what became of each method, and which earlier runs it stands on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crispml_console.pages.cycle import trail as trails
from crispml_console.pages.cycle.choices import Choices, beginning
from crispml_console.pages.cycle.trail import trail
from crispml_core.client import MethodTiming, Run, RunError, RunStatus

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def timing(method: str, algorithm: str | None = None, **output: str) -> MethodTiming:
    return MethodTiming(
        method=method,
        status=RunStatus.SUCCEEDED,
        started_at=NOW,
        seconds=1.5,
        rows=10,
        algorithm=algorithm,
        output=output,
    )


def a_run(method: str, *steps: MethodTiming, **changes: Any) -> Run:
    run = Run(
        id=changes.pop("id", method),
        use_case="churn",
        method=method,
        status=RunStatus.SUCCEEDED,
        parameters={},
        created_at=NOW,
        timeout_s=60.0,
        steps=steps,
    )
    return replace(run, **changes)


INGESTED = a_run("data-ingestion", timing("data-ingestion", dataset_id="raw"))
PREPARED = a_run(
    "data-preparation",
    timing("data-preparation", dataset_id="prepared"),
    parameters={"dataset_id": "raw"},
)
CURATED = a_run(
    "data-curation",
    timing("data-curation", "tree", curation_id="curation", dataset_id="curated"),
    parameters={"dataset_id": "prepared", "algorithm": "tree"},
)
CYCLE = a_run(
    "cycle",
    timing("data-ingestion", dataset_id="raw"),
    timing("data-preparation", dataset_id="prepared"),
    timing("data-curation", "line", curation_id="c1", dataset_id="x1"),
    timing("model-training", "line", model_id="m1"),
    timing("model-report", "line", report_id="r1"),
    timing("model-persist", "line", version="v1"),
    timing("data-curation", "tree", curation_id="c2", dataset_id="x2"),
    timing("model-training", "tree", model_id="m2"),
    timing("model-report", "tree", report_id="r2"),
    timing("model-persist", "tree", version="v2"),
)


def states(run: Run, *others: Run) -> list[str]:
    return [passed.state for passed in trail(run, others).values()]


def test_a_cycle_that_succeeded_did_all_six_for_each_algorithm():
    found = trail(CYCLE)
    assert [passed.state for passed in found.values()] == ["done"] * 6
    assert [made.timing.algorithm for made in found["model-report"].made] == ["line", "tree"]
    assert found["model-report"].seconds == 3.0


def test_a_step_on_its_own_stands_on_what_earlier_runs_made():
    assert states(CURATED, PREPARED, INGESTED) == ["earlier", "earlier", "done", *["open"] * 3]
    assert states(CURATED, INGESTED) == ["open", "open", "done", *["open"] * 3]


def test_a_step_after_a_cycle_stands_on_the_algorithm_it_came_from():
    report = a_run(
        "model-report",
        timing("model-report", "tree", report_id="r3"),
        parameters={"model_id": "m2"},
    )
    found = trail(report, [CYCLE])
    assert [passed.state for passed in found.values()] == [*["earlier"] * 4, "done", "open"]
    assert [made.timing.algorithm for made in found["data-curation"].made] == ["tree"]


def test_a_cycle_that_runs_says_what_it_does_now_and_what_waits():
    running = replace(
        CYCLE, status=RunStatus.RUNNING, steps=CYCLE.steps[:3], stage="search: fold 2 of 40"
    )
    assert states(running) == ["done", "done", "done", "running", "waits", "waits"]
    second = replace(CYCLE, status=RunStatus.RUNNING, steps=CYCLE.steps[:6], stage="12 rows read")
    assert trails.now_at(second) == "data-curation"


def test_a_cycle_from_a_data_set_does_not_ingest():
    queued = a_run("cycle", status=RunStatus.QUEUED, parameters={"dataset_id": "raw"})
    assert states(queued, INGESTED) == ["earlier", *["waits"] * 5]


def test_where_a_run_failed_or_was_stopped_is_shown_at_its_step():
    failed = replace(
        CYCLE,
        status=RunStatus.FAILED,
        steps=CYCLE.steps[:3],
        stage="model-training",
        error=RunError(code="invalid_input", message="too few", step="model-training"),
    )
    assert states(failed) == ["done", "done", "done", "failed", "open", "open"]
    cancelled = replace(failed, status=RunStatus.CANCELLED, error=None)
    assert states(cancelled) == ["done", "done", "done", "stopped", "open", "open"]


def test_a_form_begins_with_what_the_chosen_run_made():
    found = trail(CURATED, [PREPARED, INGESTED])
    assert beginning("model-training", found) == {"curation_id": "curation"}
    assert beginning("data-curation", found) == {"dataset_id": "prepared"}
    assert beginning("model-report", found) == {"model_id": None}


def test_a_run_is_repeated_with_its_own_parameters():
    assert beginning("data-curation", {}, CURATED) == CURATED.parameters
    assert beginning("cycle", {}, CURATED) == {}


def test_what_runs_made_is_offered_newest_first_with_the_model_of_a_report():
    choices = Choices.of([CURATED, CYCLE])
    assert list(choices.offered("model-training", "curation_id")) == ["curation", "c1", "c2"]
    assert list(choices.offered("model-report", "model_id", "old")) == ["m1", "m2", "old"]
    assert choices.algorithm_of("c2") == "tree"
    assert choices.model_of("r1") == "m1"
    assert choices.model_of("r2") == "m2"
    assert choices.model_of("r9") is None
