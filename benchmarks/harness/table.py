"""The figures as Markdown, and their place in the README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness.ours import OURS
from benchmarks.harness.places import RESULTS, ROOT
from benchmarks.harness.plot import draw
from benchmarks.harness.ratios import BOUNDS
from benchmarks.peers import HELLO, PEERS

BEGIN, END = "<!-- bench: written by make bench -->", "<!-- end of bench -->"
README = ROOT / "benchmarks" / "README.md"
TITLES = {server.name: server.title for server in (HELLO, OURS, *PEERS)} | {
    "predict_proba": "scikit-learn in process"
}
_LINEAR = "logistic_regression"
_BATCHES = {"parquet": "Parquet", "records": "JSON records", "v2": "V2 JSON"}
Figures = Mapping[str, Any]


def table(document: Figures) -> str:
    """Return ratios and figures of a run as Markdown tables."""
    figures = document["figures"]
    parts = [
        _ratios(document["ratios"]),
        _single(figures.get("single", {})),
        _batch(figures.get("batch", {})),
        _footprint(figures.get("footprint", {})),
        _large(figures.get("large")),
        _origin(document),
    ]
    return "\n\n".join(part for part in parts if part)


def write_readme(document: Figures, readme: Path = README) -> None:
    """Replace what stands between the marks, and draw the plot."""
    draw(document["figures"], TITLES, RESULTS / "bench.svg")
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{readme.name} has no place for the table: {BEGIN} … {END}")
    picture = "![Requests per second at 64 connections](results/bench.svg)"
    readme.write_text(f"{before}{BEGIN}\n\n{table(document)}\n\n{picture}\n\n{END}{after}")


def rows(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table, its first column to the left."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines))


def _ratios(found: Mapping[str, float | None]) -> str:
    lines = []
    for name, bound in BOUNDS.items():
        value = found.get(name)
        limit = f"{'at most' if bound.at_most else 'at least'} {bound.limit:g}"
        met = "not measured" if value is None else "yes" if bound.is_met(value) else "no"
        lines.append([bound.what, "" if value is None else f"{value:.2f}", limit, met])
    return rows(["Ratio", "Measured", "Bound", "Met"], lines)


def _single(single: Figures) -> str:
    if _LINEAR not in single:
        return ""
    counts = ("1", "16", "64")
    head = ["One record per request", *(f"{count} conn., req/s (p50, p99 ms)" for count in counts)]
    lines = []
    for algorithm, servers in single.items():
        for name, entry in servers.items():
            title = TITLES[name] + ("" if algorithm == _LINEAR else f", {_words(algorithm)}")
            cells = [_load(entry.get(count)) for count in counts]
            lines.append([title, *cells] if any(cells) else [title, _failed(entry), "", ""])
    return rows(head, lines)


def _batch(batch: Figures) -> str:
    lines = []
    for form, servers in batch.items():
        for name, entry in servers.items():
            for count, found in entry.items():
                if count != "error":
                    title = f"{_BATCHES[form]}, {int(count):,} rows"
                    lines.append([title, TITLES[name], f"{found['rows_per_s']:,}"])
            if "error" in entry:
                lines.append([_BATCHES[form], TITLES[name], _failed(entry)])
    return rows(["Many records per request", "Server", "rows/s"], lines) if lines else ""


def _footprint(footprint: Figures) -> str:
    lines = [
        [TITLES[name], _failed(entry), ""]
        if "error" in entry
        else [TITLES[name], f"{entry['start_s']:.2f}", f"{entry['idle_mib']:.0f}"]
        for name, entry in footprint.items()
    ]
    return rows(["Server", "start to ready, s", "idle memory, MiB"], lines) if lines else ""


def _large(large: Figures | None) -> str:
    if not large:
        return ""
    if "error" in large:
        return f"A batch of {large['rows']:,} rows: {_failed(large)}."
    return (
        f"A batch of {large['rows']:,} rows, Parquet in and out, each persisted: "
        f"{large['rows_per_s']:,} rows/s, peak resident memory {large['peak_rss_mib']:,} MiB."
    )


def _origin(document: Figures) -> str:
    ledger, machine = document["ledger"], document["machine"]
    named = "; ".join(
        ", ".join(f"{package} {version}" for package, version in packages.items())
        for packages in document["versions"].values()
    )
    return (
        f"{ledger['acknowledged']:,} rows were acknowledged, {ledger['stored']:,} are in the "
        f"ledger; at most {ledger['cut']:,} requests were cut off when a load ended. "
        f"{ledger['checked']:,} scores were looked for by id, {ledger['missing']:,} were missing.\n"
        f"Data: {document['data']}. "
        f"Machine: {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}. Commit {document['commit']}, "
        f"{document['measured_at']}.\nVersions: {named}."
    )


def _load(found: Figures | None) -> str:
    if not found:
        return ""
    return f"{found['requests_per_s']:,.0f} ({found['p50_ms']:.2f}, {found['p99_ms']:.1f})"


def _failed(entry: Figures) -> str:
    return f"not measured: {str(entry.get('error', 'no figure')).replace('|', ' ')}"


def _words(name: str) -> str:
    return name.replace("_", " ")
