"""One run: how far it is, what happened, and, if it failed, why and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.cycle.steps import number_of, title_of
from crispml_console.pages.cycle.trail import now_at
from crispml_console.parts import words
from crispml_console.parts.layout import badge
from crispml_console.parts.tables import facts
from crispml_core.client import MethodTiming, Run, RunError, RunStatus

_KINDS = {
    RunStatus.SUCCEEDED: "good",
    RunStatus.FAILED: "bad",
    RunStatus.CANCELLED: "warn",
}
_ADVICE = {
    "invalid_records": "Correct these rows in the source, or leave them out by a condition at "
    "“Where”; then repeat the run.",
    "invalid_input": "Change the parameter that is named, and repeat the run.",
    "use_case_error": "The code or a declaration of the use case fails in this step. Tell its "
    "author; repeat the run when it is mended.",
    "run_timed_out": "Take a share of the rows, fewer algorithms or a smaller search, or let runs "
    "take longer (CRISPML_RUNS__TIMEOUT_S).",
    "run_cancelled": "Somebody asked it to stop. Repeat it when it shall go on.",
    "worker_lost": "The process that did it ended, often for want of memory. Take a share of the "
    "rows or give the service more memory, then repeat the run.",
    "service_stopped": "The service was stopped meanwhile. Repeat the run.",
    "store_unavailable": "A database or a volume did not answer. Look at the readiness of the "
    "service, then repeat the run.",
    "registry_damaged": "A file of the registry is not what it was. Restore it from a backup.",
    "untrusted_signature": "Nobody whom this environment trusts signed what was read.",
}
_LOOK = "Look into the log of the training service for the request below, then repeat the run."


def status_badge(run: Run) -> Tag:
    """Return the state of a run as a word."""
    text = "cancelling" if run.cancel_requested and not run.status.is_final else run.status.value
    return badge(text, _KINDS.get(run.status, ""))


def progress(run: Run) -> TagChild:
    """Return how far a run is while it is not over."""
    if run.status.is_final:
        return None
    said = [f"{run.percent:.0f} %", _doing(run)]
    if (seconds := _seconds(run)) is not None:
        said.append(words.duration(round(seconds)))
    return tags.div(
        tags.div(
            tags.div(class_="progress-bar", style=f"width:{run.percent:.0f}%"),
            class_="progress",
            role="progressbar",
            aria_label="Progress of the run",
            aria_valuenow=f"{run.percent:.0f}",
            aria_valuemin="0",
            aria_valuemax="100",
        ),
        tags.p(" · ".join(said), class_="quiet"),
        class_="run-progress",
    )


def overview(run: Run) -> TagChild:
    """Return a run: its facts, why it failed, what happened."""
    return TagList(
        _failure(run.error, run) if run.error is not None else None,
        facts(
            ("Method", _title(run.method)),
            ("Took", words.duration(_seconds(run) if run.status.is_final else None)),
            ("Asked by", run.requested_by or words.NONE),
            ("Run", tags.code(run.id)),
            *[(name, value) for name, value in _parameters(run.parameters)],
        ),
        tags.h3("What happened since ", words.moment(run.created_at), class_="part"),
        tags.ol(
            *(
                tags.li(_after(when, run), tags.span(said), class_=kind or None)
                for when, said, kind in events(run)
            ),
            class_="events",
        ),
    )


def events(run: Run) -> Iterator[tuple[datetime, TagChild, str]]:
    """Yield what happened in a run in order: when, what, and ``good``, ``bad`` or nothing."""
    yield run.created_at, "queued", ""
    if run.started_at is not None:
        yield run.started_at, "a worker began", ""
    for step in run.steps:
        yield step.started_at, _said(step), "bad" if step.status is RunStatus.FAILED else "good"
    if run.finished_at is not None:
        yield run.finished_at, f"the run {_ended(run.status)}", _KINDS.get(run.status, "")


def advice(code: str) -> str:
    """Return what to do about the code of an error of a run."""
    if code.endswith("_not_found"):
        return "What the run was to use is not there any more. Choose another, and run again."
    return _ADVICE.get(code, _LOOK)


def _failure(error: RunError, run: Run) -> Tag:
    left = error.total - len(error.problems)
    found = [tags.li(_problem(problem)) for problem in error.problems]
    is_cancelled = run.status is RunStatus.CANCELLED
    where = f" at step {_title(error.step)}" if error.step else ""
    return tags.div(
        tags.strong("The run was cancelled" if is_cancelled else f"The run failed{where}"),
        tags.p(error.message),
        tags.ul(*found, tags.li(f"and {left:,} more") if left > 0 else None) if found else None,
        tags.p(tags.strong("What to do: "), advice(error.code)),
        tags.p(
            tags.small(
                "code ",
                tags.code(error.code),
                *((" · request ", tags.code(run.request_id)) if run.request_id else ()),
            )
        ),
        class_="notice" if is_cancelled else "problem",
    )


def _problem(problem: dict[str, Any]) -> str:
    where = [f"row {problem['row']:,}"] if problem.get("row") is not None else []
    where += [str(problem["field"])] if problem.get("field") else []
    said = str(problem.get("message", ""))
    return f"{', '.join(where)}: {said}" if where else said


def _parameters(given: dict[str, Any]) -> Iterator[tuple[str, TagChild]]:
    for name, value in given.items():
        if value in (None, "", [], {}, False) or (name, value) in (("seed", 0), ("sample", 1.0)):
            continue
        if isinstance(value, list):
            yield name, ", ".join(map(str, value))
        elif isinstance(value, dict):
            yield name, _named(value)
        else:
            text = "yes" if value is True else str(value)
            yield name, tags.code(text) if name.endswith("_id") else text


def _named(values: dict[str, Any]) -> str:
    return "; ".join(
        f"{name}: {_named(value)}" if isinstance(value, dict) else f"{name} = {value}"
        for name, value in values.items()
    )


def _after(when: datetime, run: Run) -> Tag:
    seconds = max(0.0, (when - run.created_at).total_seconds())
    said = f"{seconds:.1f} s" if seconds < 60 else words.duration(seconds)
    return tags.span(f"+{said}", class_="after", title=when.isoformat())


def _said(step: MethodTiming) -> TagChild:
    what = [words.duration(step.seconds), words.amount(step.rows, "row") if step.rows else ""]
    told = ", ".join(part for part in (step.algorithm or "", *what) if part)
    failed = " failed" if step.status is RunStatus.FAILED else ""
    return TagList(tags.strong(_title(step.method) + failed), " ", told)


def _title(method: str) -> str:
    number = number_of(method)
    return f"{number} {title_of(method)}" if number is not None else title_of(method)


def _doing(run: Run) -> str:
    """Return what a run does now; where it names a method, as a visitor knows it."""
    if not run.stage:
        return "waits for its turn" if run.status is RunStatus.QUEUED else "begins"
    named, *more = run.stage.split(" ")
    if number_of(named) is None:
        return f"{_title(now_at(run))}: {run.stage}"
    return " ".join([_title(named), *more])


def _ended(status: RunStatus) -> str:
    return "was cancelled" if status is RunStatus.CANCELLED else status.value


def _seconds(run: Run) -> float | None:
    if run.started_at is None:
        return None
    end = run.finished_at or datetime.now(run.started_at.tzinfo)
    return max(0.0, (end - run.started_at).total_seconds())
