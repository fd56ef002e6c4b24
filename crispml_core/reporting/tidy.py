"""The numbers of a report as one tidy table: a row per number, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from crispml_core.domain.reports import REPLAY

COLUMNS = ("section", "group", "name", "value", "low", "high", "n", "note")
_FACTS = (
    *("kind", "use_case", "use_case_version", "task", "target", "positive", "version"),
    *("algorithm", "seed", "threshold", "first_scored_at", "last_scored_at", "confidence_level"),
)
# A spreadsheet would take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")

Content = Mapping[str, Any]


class Row(NamedTuple):
    """One number, or one fact; what does not apply is None."""

    section: str
    group: str | None
    name: str
    value: Any = None
    low: float | None = None
    high: float | None = None
    n: int | str | None = None
    note: str | None = None


def render_table(content: Content) -> str:
    """Return the table of a report as CSV.

    Parameters
    ----------
    content : mapping
        Of a training report or a verification report.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for section in _OF_REPLAY if content.get("kind") == REPLAY else _SECTIONS:
        writer.writerows([_cell(value) for value in row] for row in section(content))
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return a value as a cell: floats with all their digits, no text that is a formula."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _facts(content: Content) -> Iterator[Row]:
    for name in _FACTS:
        if content.get(name) is not None:
            yield Row("facts", None, name, content[name])
    for name, moment in content.get("window", {}).items():
        yield Row("facts", "window", name, moment)
    for group in ("made_with", "lineage", "rows"):
        for name, value in content.get(group, {}).items():
            yield Row("facts", group, name, value)


def _labels(content: Content) -> Iterator[Row]:
    for name in ("scored", "labelled", "unusable", "coverage"):
        if name in content:
            yield Row("labels", None, name, content[name])
    for name, value in content.get("lag", {}).items():
        yield Row("labels", "lag", name, value)
    selection = content.get("selection")
    if selection:
        for name in ("p_value", "effect", "depends"):
            yield Row("labels", "selection", name, selection[name])
        for tenth in selection["deciles"]:
            group = f"{tenth['from']!r} to {tenth['to']!r}"
            yield _interval("coverage by score", group, "coverage", tenth["rate"], tenth["n"])


def _kpis(content: Content) -> Iterator[Row]:
    usable = content["labelled"] - content["unusable"] if "labelled" in content else None
    n = content.get("rows", {}).get("test", usable)
    yield from _intervals("kpis", None, content["kpis"], n)
    for section in ("training_kpis", "select_kpis"):
        for name, value in (content.get(section) or {}).items():
            yield Row(section, None, name, value)
    for found in content.get("classes", ()):
        for name in ("precision", "recall", "auc"):
            yield _interval("classes", found["class"], name, found[name], found["n"])
        yield Row("classes", found["class"], "f1", found["f1"], n=found["n"])


def _parts(content: Content) -> Iterator[Row]:
    for version in content.get("versions", ()):
        for name in ("scored", "labelled"):
            yield Row("versions", version["version"], name, version[name])
        if version["kpis"]:
            yield from _intervals(
                "versions", version["version"], version["kpis"], version["labelled"]
            )
    for segment, table in content.get("segments", {}).items():
        for group in table["groups"]:
            name = f"{segment}={group['group']}"
            if group["suppressed"]:
                yield Row("segments", name, "n", n=group["n"], note="not shown")
            else:
                yield from _intervals("segments", name, group["kpis"], group["n"])
    for part in content.get("periods", ()):
        for name in ("scored", "labelled"):
            yield Row("periods", part["start"], name, part[name])
        yield _interval("periods", part["start"], "coverage", part["coverage"], part["scored"])
        if part["kpis"]:
            yield from _intervals("periods", part["start"], part["kpis"], part["labelled"])


def _curves(content: Content) -> Iterator[Row]:
    calibration = content.get("curves", {}).get("calibration")
    if calibration:
        for number, found in enumerate(calibration["bins"], start=1):
            yield Row("calibration", str(number), "predicted", found["predicted"], n=found["count"])
            observed = {"value": found["observed"], "low": found["low"], "high": found["high"]}
            yield _interval("calibration", str(number), "observed", observed, found["count"])
        yield Row("calibration", None, "expected_error", calibration["expected_error"])
    confusion = content.get("confusion")
    if confusion:
        for truth, counts in zip(confusion["classes"], confusion["matrix"], strict=True):
            for decided, count in zip(confusion["classes"], counts, strict=True):
                yield Row("confusion", f"truth {truth}", f"decided {decided}", count)
    for found in content.get("deciles", ()):
        group = str(found["decile"])
        for name in ("predicted", "actual", "bias"):
            yield Row("deciles", group, name, found[name], n=found["n"])
        yield _interval("deciles", group, "mae", found["mae"], found["n"])
    for found in (content.get("importance") or {}).get("columns", ()):
        yield Row("importance", found["column"], "mean", found["mean"])
        yield Row("importance", found["column"], "sd", found["sd"])


def _missing(content: Content) -> Iterator[Row]:
    """Yield what the KPIs may be when the missing labels are thought of."""
    estimated = content.get("estimated") or {}
    for part in ("labelled", "unlabelled", "all", "combined"):
        if part in estimated:
            found = estimated[part]
            yield from _intervals("estimated", part, found["kpis"], found["n"])
    record = estimated.get("track_record") or {}
    for found in record.get("slices", ()):
        for name, pair in found["kpis"].items():
            group, low_high = found["start"], pair["estimated"]
            yield _interval("track record", group, f"{name} estimated", low_high, found["n"])
            yield Row("track record", group, f"{name} realised", pair["realised"], n=found["n"])
    for name, found in record.get("kpis", {}).items():
        yield _interval("track record", None, f"{name} bias", found["bias"], found["slices"])
    weighted = content.get("weighted") or {}
    if weighted.get("reason"):
        yield Row("weighted", None, "status", weighted["status"], note=weighted["reason"])
    yield from _intervals("weighted", None, weighted.get("kpis") or {}, weighted.get("labelled"))
    for name, found in weighted.get("bounds", {}).items():
        yield Row("bounds", None, name, low=found["low"], high=found["high"])
    for found in content.get("intervals", ()):
        yield from _levels(found, f"{found['version']} ")
    if content.get("conformal"):
        yield from _levels(content["conformal"], "")


def _fairness(content: Content) -> Iterator[Row]:
    for attribute in (content.get("fairness") or {}).get("attributes", ()):
        of = f"{attribute['segment']} {attribute['favourable'] or ''}".strip()
        reasons = "; ".join(attribute["reasons"]) or None
        yield Row("fairness", of, "verdict", attribute["verdict"], note=reasons)
        for group in attribute["groups"]:
            name = f"{attribute['segment']}={group['group']}"
            if group["suppressed"]:
                yield Row("fairness", name, "n", n=group["n"], note="not shown")
                continue
            for rate, found in group.get("rates", {}).items():
                yield _interval("fairness", name, rate, found, group["n"])
            for measure, found in group.get("compared", {}).items():
                bounds = (found["value"], found["low"], found["high"])
                yield Row("fairness", name, measure, *bounds, group["n"], found["verdict"])


def _levels(found: Mapping[str, Any], of: str) -> Iterator[Row]:
    for part in found["levels"]:
        note = "inside its band" if part["inside"] else "outside its band"
        yield Row(
            *("intervals", f"{of}level {part['level']:g}", "coverage", part["coverage"]),
            *(part["low"], part["high"], found["rows"], note),
        )


def _gates(content: Content) -> Iterator[Row]:
    verdict = content.get("verdict")
    if verdict:
        yield Row("verdict", verdict["basis"], "overall", verdict["overall"], note=verdict["why"])
    for gate in content.get("gates", ()):
        note = gate["reason"] or None
        if "verdict" in gate:
            note = f"{gate['verdict']}: {note}" if note else gate["verdict"]
        low, high = gate.get("low"), gate.get("high")
        yield Row("gates", gate["bound"], gate["kpi"], gate["value"], low, high, note=note)


def _notes(content: Content) -> Iterator[Row]:
    for number, note in enumerate(content.get("notes", ()), start=1):
        yield Row("notes", None, str(number), note=note)


def _intervals(
    section: str, group: str | None, kpis: Mapping[str, Mapping[str, Any]], n: int | None
) -> Iterator[Row]:
    for name, found in kpis.items():
        yield _interval(section, group, name, found, n)


def _interval(
    section: str, group: str | None, name: str, found: Mapping[str, Any], n: int | None
) -> Row:
    return Row(section, group, name, found["value"], found["low"], found["high"], n)


def _replayed(content: Content) -> Iterator[Row]:
    groups = {None: content["overall"]} | {
        f"{segment}={group}": found
        for segment, table in content["segments"].items()
        for group, found in table.items()
    }
    for group, found in groups.items():
        for name, value in found.items():
            if isinstance(value, Mapping):
                for part, number in value.items():
                    yield Row("replay", group, f"{name} {part}", number, n=found["rows"])
            else:
                yield Row("replay", group, name, value, n=found["rows"])


_OF_REPLAY: Sequence[Callable[[Content], Iterator[Row]]] = (_facts, _replayed)
_SECTIONS: Sequence[Callable[[Content], Iterator[Row]]] = (
    *(_notes, _facts, _labels, _kpis, _gates),
    *(_missing, _parts, _fairness, _curves),
)
