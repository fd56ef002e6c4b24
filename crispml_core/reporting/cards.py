"""The model card: what is known about a version, out of documents, in the order of an authority.

The headings follow Annex IV of Regulation (EU) 2024/1689, the technical documentation of a
high-risk system. What nobody recorded says so. Every number comes from a document and names it, see
`crispml_core.reporting.citations`; the card computes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crispml_core.domain.approval import VersionDecision
from crispml_core.domain.fields import Field
from crispml_core.reporting.card_limits import limitations
from crispml_core.reporting.card_live import (
    drift_facts,
    drift_table,
    fairness_table,
    verification_table,
)
from crispml_core.reporting.citations import Document

SCHEMA_VERSION = 1
NOT_RECORDED = "not recorded"

Cell = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CardInput:
    """What a card is made from.

    Parameters
    ----------
    version : Document
        The manifest of the version.
    report : Document or None
        The training report; None when it is not in this registry.
    datasets : sequence of Document
        Raw, prepared and curated, those that are there.
    run : Document or None
        The run that made the version.
    aliases : sequence of Document
        Per alias its history.
    verifications : sequence of Document
        Verification reports that counted scores of the version, newest first.
    purpose : str or None
        The description of the use case; None when it is not loaded.
    fields : sequence of Field
        The record schema of the use case.
    same_definition : bool
        Whether the loaded use case is the one that the version was made with.
    drift : Document or None
        The drift of the scores of the version; None when nobody could be asked.
    decisions : sequence of VersionDecision
        What people decided about the version, oldest first.
    """

    version: Document
    report: Document | None
    datasets: Sequence[Document]
    run: Document | None
    aliases: Sequence[Document]
    verifications: Sequence[Document]
    purpose: str | None
    fields: Sequence[Field] = field(default_factory=tuple)
    same_definition: bool = True
    drift: Document | None = None
    decisions: Sequence[VersionDecision] = ()


def card_content(given: CardInput) -> dict[str, Any]:
    """Return the card as JSON values: a list of sections, each with facts and tables.

    A cell is a text, a list of texts, None for what is not recorded, or a number as ``{"value",
    "source"}``; a source has ``service``, ``path`` and ``pointer``.
    """
    manifest = given.version.content
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "model card",
        "model": manifest["model"],
        "version": manifest["version"],
        "sections": [
            _general(given),
            _data(given),
            _development(given),
            _performance(given),
            _section("limits", "Limitations", "3", texts=limitations(given)),
            _metrics(given),
            _section("risk", "Risk management system", "5", {"risk_management": None}),
            _changes(given),
            _section(
                "conformity",
                "Standards and declaration of conformity",
                "7, 8",
                {"harmonised_standards": None, "declaration_of_conformity": None},
            ),
            _after_release(given),
        ],
    }


def _section(
    name: str,
    title: str,
    annex: str,
    facts: dict[str, Cell] | None = None,
    tables: dict[str, dict[str, Any]] | None = None,
    texts: Sequence[Any] = (),
) -> dict[str, Any]:
    return {
        "id": name,
        "title": title,
        "annex_iv": annex,
        "facts": {key: value or None for key, value in (facts or {}).items()},
        "tables": tables or {},
        "texts": list(texts),
    }


def _table(columns: Sequence[str], rows: list[list[Cell]]) -> dict[str, Any]:
    return {"columns": list(columns), "rows": rows}


def _general(given: CardInput) -> dict[str, Any]:
    manifest = given.version.content
    return _section(
        "general",
        "General description",
        "1",
        {
            "model": manifest["model"],
            "version": manifest["version"],
            "digest": manifest.get("digest"),
            "trained_by": manifest.get("trained_by"),
            "created_at": manifest["created_at"],
            "use_case": f"{manifest['use_case']} {manifest['use_case_version']}",
            "use_case_digest": manifest["use_case_digest"],
            "intended_purpose": given.purpose,
            "task": manifest["task"],
            "classes": manifest["classes"],
            "provider": None,
            "instructions_for_use": None,
            "files": [f"{file['name']} sha256 {file['sha256']}" for file in manifest["files"]],
        },
    )


def _data(given: CardInput) -> dict[str, Any]:
    sets = [
        [
            one.content["stage"],
            one.content["id"],
            one.cite("rows"),
            one.content["content_digest"],
            one.content["parameters"].get("source"),
            one.content["owner"] or None,
            one.content["sensitivity"],
        ]
        for one in given.datasets
    ]
    fields = [
        [
            each.name,
            each.type,
            each.description or None,
            each.privacy,
            "yes" if each.nullable else "no",
        ]
        for each in given.fields
    ]
    report = given.report
    rows = {} if report is None else report.content["content"].get("rows", {})
    return _section(
        "data",
        "Data and data governance",
        "2 (d)",
        {f"rows_in_{split}": report.cite("content", "rows", split) for split in rows if report}
        | {"collection": None, "labelling": None},
        {
            "data_sets": _table(
                ("stage", "id", "rows", "content digest", "source", "owner", "sensitivity"), sets
            ),
            "record_schema": _table(
                ("field", "type", "description", "privacy", "may be missing"), fields
            ),
        },
    )


def _development(given: CardInput) -> dict[str, Any]:
    version, manifest = given.version, given.version.content
    search = (given.run.content["parameters"].get("search") if given.run else None) or {}
    facts: dict[str, Cell] = {
        "algorithm": manifest["algorithm"],
        "seed": version.cite("seed"),
        "threshold": None if manifest["threshold"] is None else version.cite("threshold"),
        "human_oversight": None,
        "cybersecurity": None,
    }
    facts |= {
        f"search_{name}": given.run.cite("parameters", "search", name)
        if isinstance(value, int | float)
        else value
        for name, value in search.items()
        if given.run is not None
    }
    compiled = manifest["compiled"]
    facts["compiled_form"] = compiled["kind"] or f"none: {compiled['reason']}"
    if compiled["kind"]:
        facts["compiled_largest_deviation"] = version.cite("compiled", "deviation")
    return _section(
        "development",
        "Elements and development",
        "2",
        facts,
        {
            "hyperparameters": _table(
                ("name", "value"),
                [
                    [name, version.cite("hyperparameters", name) if _is_number(value) else value]
                    for name, value in manifest["hyperparameters"].items()
                ],
            ),
            "libraries": _table(
                ("library", "version"), [*map(list, manifest["libraries"].items())]
            ),
        },
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _performance(given: CardInput) -> dict[str, Any]:
    report, version = given.report, given.version
    if report is None:
        kpis = version.content["kpis"].get("test", {})
        rows = [[name, version.cite("kpis", "test", name), None, None] for name in kpis]
        return _section(
            "performance", "Performance on test", "3", {"training_report": None}, _kpis(rows)
        )
    content = report.content["content"]
    at = "content"
    rows = [
        [name, *(report.cite(at, "kpis", name, part) for part in ("value", "low", "high"))]
        for name in content["kpis"]
    ]
    facts: dict[str, Cell] = {
        "training_report": report.content["id"],
        "confidence_level": report.cite(at, "confidence_level"),
    }
    if (content.get("curves") or {}).get("calibration"):
        calibration = content["curves"]["calibration"]
        if "expected_error" in calibration:
            facts["expected_calibration_error"] = report.cite(
                at, "curves", "calibration", "expected_error"
            )
    tables = _kpis(rows) | _conformal(report) | _segments(report) | _costs(report)
    return _section("performance", "Performance on test", "3", facts, tables)


def _kpis(rows: list[list[Cell]]) -> dict[str, Any]:
    return {"kpis": _table(("kpi", "value", "low", "high"), rows)}


def _conformal(report: Document) -> dict[str, Any]:
    found = report.content["content"].get("conformal") or {}
    rows = [
        [report.cite("content", "conformal", "levels", n, part) for part in ("level", "coverage")]
        for n, _ in enumerate(found.get("levels") or ())
    ]
    return {"conformal": _table(("level", "coverage"), rows)} if rows else {}


def _segments(report: Document) -> dict[str, Any]:
    """Return one table per segment; a suppressed group has its name and nothing else."""
    found: dict[str, Any] = {}
    for segment, table in report.content["content"]["segments"].items():
        names = list(
            dict.fromkeys(name for group in table["groups"] for name in (group.get("kpis") or {}))
        )
        rows = []
        for n, group in enumerate(table["groups"]):
            at = ("content", "segments", segment, "groups", n)
            if group.get("suppressed"):
                rows.append([group["group"], "too few records to show", *[None] * len(names)])
            else:
                rows.append(
                    [
                        group["group"],
                        report.cite(*at, "n"),
                        *(report.cite(*at, "kpis", name, "value") for name in names),
                    ]
                )
        found[f"segment_{segment}"] = _table(("group", "records", *names), rows)
    return found


def _costs(report: Document) -> dict[str, Any]:
    confusion = report.content["content"].get("confusion") or {}
    if "cost_table" not in confusion:
        return {}
    classes = confusion["classes"]
    at = ("content", "confusion", "cost_table")
    rows = [
        [name, *(report.cite(*at, n, m) for m, _ in enumerate(classes))]
        for n, name in enumerate(classes)
    ]
    return {"cost_of_a_decision": _table(("truth", *(f"decided {c}" for c in classes)), rows)}


def _metrics(given: CardInput) -> dict[str, Any]:
    gates = [] if given.report is None else given.report.content["content"].get("gates", [])
    rows = [
        [
            gate["kpi"],
            gate["bound"],
            given.report.cite("content", "gates", n, "value") if given.report else None,
            "passed" if gate["passed"] else f"not passed: {gate['reason']}",
        ]
        for n, gate in enumerate(gates)
    ]
    return _section(
        "metrics",
        "Appropriateness of the metrics",
        "4",
        {"justification": None},
        {"gates": _table(("kpi", "bound", "value", "result"), rows)},
    )


def _changes(given: CardInput) -> dict[str, Any]:
    rows = [
        [
            event["alias"],
            event["version"] or "removed",
            event["moved_at"],
            event["moved_by"] or None,
            event["reason"] or None,
            document.cite("items", n, "sequence"),
        ]
        for document in given.aliases
        for n, event in enumerate(document.content["items"])
    ]
    columns = ("alias", "version", "moved", "by", "reason", "sequence")
    return _section(
        "changes",
        "Changes through the life cycle",
        "6",
        {"planned_changes": None},
        {"alias_history": _table(columns, rows), "decisions": _decisions(given)},
    )


def _decisions(given: CardInput) -> dict[str, Any]:
    columns = ("decision", "in", "decided", "by", "reason")
    rows: list[list[Cell]] = [
        [
            one.kind.value.replace("_", " "),
            one.environment,
            one.decided_at.isoformat(),
            one.decided_by,
            one.reason,
        ]
        for one in given.decisions
    ]
    return _table(columns, rows)


def _after_release(given: CardInput) -> dict[str, Any]:
    version = given.version.content["version"]
    return _section(
        "after_release",
        "Monitoring after release",
        "9",
        {"monitoring_plan": None} | drift_facts(given.drift),
        {
            "verification_reports": verification_table(given.verifications, version),
            "fairness": fairness_table(given.verifications),
            "drift": drift_table(given.drift),
        },
    )
