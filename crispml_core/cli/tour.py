"""What the demo does with two running services: nine methods over REST, one verified result."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crispml_core.cli.kpis import value_of
from crispml_core.cli.output import Report
from crispml_core.cli.records import chunks
from crispml_core.cli.tour_result import Step, Tour, compare, headline, training_results
from crispml_core.cli.verb import Failure
from crispml_core.domain.datasets import TEST, Stage
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import METHODS, SCORING_METHODS, Run

if TYPE_CHECKING:
    from crispml_core.client import CrispMLClient, ScoredRecord, UseCaseInfo

CHUNK = 500


def take_tour(client: CrispMLClient, name: str, *, seed: int, report: Report) -> Tour:
    """Run the nine methods on a use case and compare the two reports.

    Parameters
    ----------
    name : str
        The use case, where the service has loaded several.
    report : callable
        Takes the share that is done and what is going on.

    Raises
    ------
    Failure
        If the scores do not verify to the KPIs of the training report.
    """
    use_case = _choose(client, name)
    known = {item.id for item in client.training.datasets(use_case=use_case.name, stage=Stage.RAW)}
    run = client.training.cycle(
        use_case.name, seed=seed, promote=True, idempotency_key=str(new_id())
    )
    run = client.training.wait(
        run, on_progress=lambda state: report(0.6 * state.percent / 100, state.stage)
    )
    best = _best(run)
    watch = _Stopwatch()
    truth = _score(client, use_case, run, best["version"], watch, report)
    counts = _label(client, use_case, truth, watch, report)
    report(0.95, SCORING_METHODS[2])
    with watch.time(SCORING_METHODS[2]):
        verification = client.scoring.verify(
            use_case.name, version=best["version"], idempotency_key=str(new_id())
        )
    tour = _tour(client, use_case, run, best, verification)
    compare(tour)
    texts = training_results(run, best, known) | {
        SCORING_METHODS[0]: "all durable",
        SCORING_METHODS[1]: ", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
        SCORING_METHODS[2]: headline(tour.verified_kpis),
    }
    rows, seconds = _totals(run)
    for method in SCORING_METHODS:
        rows[method], seconds[method] = tour.scored, watch.seconds[method]
    rows[SCORING_METHODS[1]] = len(truth)
    tour.steps = [
        Step(_class_name(method), rows[method], seconds[method], texts[method])
        for method in METHODS
    ]
    report(1.0, "")
    return tour


class _Stopwatch:
    """Sums up the wall time of the calls of each method, as the caller sees it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def time(self, method: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[method] += time.perf_counter() - start


def _choose(client: CrispMLClient, name: str) -> UseCaseInfo:
    loaded = {use_case.name: use_case for use_case in client.training.use_cases()}
    if len(loaded) == 1:
        return next(iter(loaded.values()))
    for spelling in (name, name.replace("_", "-")):
        if spelling in loaded:
            return loaded[spelling]
    raise Failure(
        "the training service has several use cases and none is called like the reference: "
        + ", ".join(sorted(loaded))
    )


def _best(run: Run) -> dict[str, Any]:
    best = run.result["best"]
    found: dict[str, Any] = next(
        entry for entry in run.result["versions"] if entry["version"] == best
    )
    return found


def _score(
    client: CrispMLClient,
    use_case: UseCaseInfo,
    run: Run,
    version: str,
    watch: _Stopwatch,
    report: Report,
) -> list[tuple[ScoredRecord, Any]]:
    """Score the test rows and return each score with the truth of its row."""
    names = [field.name for field in use_case.fields]
    columns = [*names, use_case.target.name]
    rows = client.training.rows(run.result["prepared_id"], split=TEST, columns=columns)
    truth: list[tuple[ScoredRecord, Any]] = []
    for chunk in chunks(rows, CHUNK):
        report(0.65, f"{SCORING_METHODS[0]}, {len(truth)} rows")
        records = [{name: row[name] for name in names} for row in chunk]
        with watch.time(SCORING_METHODS[0]):
            # By version, because a pod may notice the new champion up to a second later.
            answer = client.scoring.score(
                use_case.name, records, version=version, idempotency_key=str(new_id())
            )
        truth += zip(answer.scores, (row[use_case.target.name] for row in chunk), strict=True)
    if not truth:
        raise Failure("the prepared data set has no test rows, so there is nothing to score")
    return truth


def _label(
    client: CrispMLClient,
    use_case: UseCaseInfo,
    truth: list[tuple[ScoredRecord, Any]],
    watch: _Stopwatch,
    report: Report,
) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for chunk in chunks(truth, CHUNK):
        report(0.85, SCORING_METHODS[1])
        labels = [{"score_id": score.score_id, "label": value} for score, value in chunk]
        with watch.time(SCORING_METHODS[1]):
            answer = client.scoring.label(use_case.name, labels, idempotency_key=str(new_id()))
        for verdict, count in answer.counts.items():
            if count:
                counts[verdict] += count
    return dict(counts)


def _tour(
    client: CrispMLClient,
    use_case: UseCaseInfo,
    run: Run,
    best: dict[str, Any],
    verification: VerificationReport,
) -> Tour:
    content = verification.content
    model = {
        "name": run.result["model"],
        "version": best["version"],
        "algorithm": best["algorithm"],
    }
    return Tour(
        use_case=use_case.name,
        version=best["version"],
        model=model,
        training_kpis=best["kpis"]["test"],
        verified_kpis=content["kpis"],
        scored=content["scored"],
        labelled=content["labelled"],
        coverage=value_of(content["coverage"]),
        reports={
            "training_report": best["report_id"],
            "verification_report": verification.id,
        },
        urls={
            "training_api": f"{client.training.url}/docs",
            "scoring_api": f"{client.scoring.url}/docs",
        },
    )


def _totals(run: Run) -> tuple[dict[str, int], dict[str, float]]:
    rows: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for step in run.steps:
        rows[step.method] += step.rows
        seconds[step.method] += step.seconds
    return rows, seconds


def _class_name(method: str) -> str:
    """Return ``DataIngestion`` for ``data-ingestion``."""
    return "".join(part.capitalize() for part in method.split("-"))
