"""What came of training, of a report, of a version and of a whole cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts import kpis, report_plots, states, words
from crispml_console.parts.layout import badge, figure, grid
from crispml_console.parts.page import link
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, facts, table
from crispml_core.client import Run

Content = Mapping[str, Any]
_TRIES = 20


def of_cycle(run: Run) -> TagChild:
    """Return the versions that a cycle made, with the best one and what became of it."""
    result = run.result
    versions = result.get("versions", [])
    if not versions:
        return states.nothing("The versions are listed here when the run has succeeded.")
    main = kpis.main(versions[0]["kpis"].get("test", {}))
    columns = [
        Column[dict[str, Any]]("Version", lambda v: _version(run, v["version"])),
        Column[dict[str, Any]]("Algorithm", lambda v: v["algorithm"]),
        *(
            Column[dict[str, Any]](
                f"{kpis.title(main)}, {split}",
                lambda v, split=split: words.number(v["kpis"].get(split, {}).get(main)),  # type: ignore[misc]
                is_number=True,
            )
            for split in ("select", "test")
            if main is not None
        ),
        Column[dict[str, Any]]("Gates", lambda v: gates(v["gates"])),
    ]
    return TagList(tags.p(_became(result)), table("Versions of the run", columns, versions))


def of_training(run: Run, report: Content | None) -> TagChild:
    """Return a fitted model: its hyperparameters, its KPIs on select, what a search tried.

    Parameters
    ----------
    report : mapping or None
        The content of its report, which also knows them when the run was a whole cycle.
    """
    known: Content = run.result if "hyperparameters" in run.result else report or {}
    if not known:
        return states.nothing("What was fitted is shown here when the model has a report.")
    measured = known.get("select_kpis") or known.get("kpis") or {}
    return TagList(
        facts(
            *((name, _value(value)) for name, value in known["hyperparameters"].items()),
            ("Threshold", words.number(known.get("threshold"))),
        ),
        tags.h3("KPIs on select", class_="part"),
        facts(*((kpis.title(name), words.number(value)) for name, value in measured.items())),
        _tries(known.get("search") or []),
        tags.ul(*(tags.li(note) for note in known.get("notes") or ())) or None,
    )


def of_report(content: Content) -> TagChild:
    """Return the report of a model: KPIs with intervals, gates, curves."""
    measured = content.get("kpis") or {}
    alone = {content.get("algorithm", "model"): content}
    made = (
        ("How often positive records are found, and false alarms (ROC)", report_plots.roc(alone)),
        ("Precision against recall", report_plots.precision_recall(alone)),
        ("Promised against observed shares (calibration)", report_plots.calibration(alone)),
        ("What the model reads (permutation importance)", report_plots.importance(alone)),
        ("How the score is spread", report_plots.distribution(content)),
        ("What a decision costs by threshold", report_plots.costs(alone)),
        ("Prediction minus truth", report_plots.residuals(content)),
        ("Truth against prediction", report_plots.scatter(content)),
        ("Error by tenth of the prediction", report_plots.deciles(content)),
    )
    return TagList(
        grid(*(_kpi(name, found) for name, found in measured.items())),
        tags.p("Gates: ", gates(content.get("gates") or [])),
        grid(*(plot(label, drawn) for label, drawn in made if drawn is not None), wide=True),
    )


def of_verification(content: Content, more: str) -> TagChild:
    """Return the core of a verification report; `more` is the address of all of it."""
    verdict = content.get("verdict") or {}
    overall = str(verdict.get("overall", "unknown"))
    kind = {"met": "good", "missed": "bad"}.get(overall, "warn")
    measured = content.get("kpis") or {}
    return TagList(
        tags.p(badge(f"gates {overall}", kind), " ", verdict.get("why", "")),
        grid(
            figure("Scores", words.number(content.get("scored"))),
            figure("With a label", words.share(content.get("coverage"))),
            *(_kpi(name, found) for name, found in list(measured.items())[:4]),
        ),
        tags.ul(*(tags.li(note) for note in content.get("notes") or ())),
        tags.p(tags.a("The whole report", href=more)),
    )


def gates(found: Sequence[Content]) -> TagChild:
    """Return whether each gate is kept."""
    if not found:
        return "none declared"
    return TagList(*(TagList(_gate(gate), " ") for gate in found))


def _gate(gate: Content) -> Tag:
    text = f"{kpis.title(gate['kpi'])} {gate.get('bound', '')}".strip()
    return badge(f"{text}: {'kept' if gate['passed'] else 'missed'}", _kind(gate["passed"]))


def _kind(is_kept: bool) -> str:
    return "good" if is_kept else "bad"


def _kpi(name: str, found: Content) -> Tag:
    value, low, high = found.get("value"), found.get("low"), found.get("high")
    note = f"{words.number(low)} to {words.number(high)}" if low is not None else None
    return tags.div(figure(kpis.title(name), words.number(value), note), title=kpis.meaning(name))


def _became(result: Content) -> str:
    best = "The best version on select"
    if result.get("promoted"):
        return f"{best} is champion now."
    if result.get("challenger"):
        return f"{best} is challenger now."
    if result.get("refusal"):
        return f"{best} became nothing: {result['refusal']}"
    return f"{best} is registered; no alias was moved."


def _version(run: Run, version: str) -> TagChild:
    address = link("models", use_case=run.use_case, version=version)
    is_best = version == run.result.get("best")
    return TagList(tags.a(version, href=address), " ", badge("best", "good") if is_best else None)


def _tries(found: Sequence[Content]) -> TagChild:
    if not found:
        return None
    rows = [(rank, one) for rank, one in enumerate(found[:_TRIES], start=1)]
    columns = [
        Column[tuple[int, Content]]("Place", lambda r: r[0], is_number=True),
        Column[tuple[int, Content]]("Mean", lambda r: _score(r[1], "mean"), is_number=True),
        Column[tuple[int, Content]](
            "Deviation", lambda r: _score(r[1], "deviation"), is_number=True
        ),
        Column[tuple[int, Content]]("Hyperparameters", lambda r: _set(r[1])),
    ]
    title = f"What the search tried, best first ({len(found):,})"
    return TagList(tags.h3(title, class_="part"), table(title, columns, rows))


def _score(one: Content, name: str) -> str:
    return words.number(one.get(name), 4)


def _set(one: Content) -> str:
    values = one.get("hyperparameters") or {
        name: value for name, value in one.items() if name not in ("mean", "deviation")
    }
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _value(value: object) -> TagChild:
    return tags.code("none" if value is None else str(value))
