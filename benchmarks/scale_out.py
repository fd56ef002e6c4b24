"""Compute the tables of the plan for a hundred times the largest measured rate.

    python -m benchmarks.scale_out [--times 100] [--json] [--write]

Service times are those that were shipped with ``crispml capacity``, the largest rate is the one of
``results/capacity.json``. ``--write`` puts the tables into ``docs/scale.md``.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks.harness.marks import write_between
from benchmarks.harness.places import RESULTS, ROOT
from benchmarks.harness.table import rows
from benchmarks.scale.hundredfold import (
    Assumptions,
    away,
    busiest_of,
    fewest,
    storage,
    sweep,
    unevenness,
)
from benchmarks.simulation.shards import Node
from crispml_core.capacity.measured import read

BEGIN, END = "<!-- scale: written by benchmarks.scale_out -->", "<!-- end of scale -->"
PAGE = ROOT / "docs" / "scale.md"
_DATABASE = "postgresql"


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Compute the plan, print it, and return it."""
    parser = argparse.ArgumentParser(prog="scale_out", description=__doc__)
    parser.add_argument("--times", type=float, default=Assumptions().times)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    options = parser.parse_args(arguments)
    plan = compute(Assumptions(times=options.times), Node(), largest_rate())
    if options.write:
        write_between(PAGE, BEGIN, END, page(plan))
    print(json.dumps(plan) if options.json else page(plan))
    return plan


def largest_rate() -> float:
    """Return the most requests per second that one process was measured to answer."""
    document = json.loads((RESULTS / "capacity.json").read_text())
    return max(
        float(found["requests_per_s"]["measured"]) for found in document["validation"].values()
    )


def compute(wish: Assumptions, node: Node, largest: float) -> dict[str, Any]:
    """Return the plan for so many times the largest rate."""
    measured = read().on(_DATABASE)
    figures, rate = measured.figures, largest * wish.times
    swept = sweep(figures, node, rate, wish)
    chosen = next(row for row in swept if row["shards"] == fewest(swept))
    shards, pods = chosen["shards"], chosen["pods"]
    factors = unevenness(shards)
    uneven = busiest_of(figures, node, rate / shards, pods, list(factors.values()), wish)
    return {
        "largest": largest,
        "rate": rate,
        "times": wish.times,
        "p99_ms": wish.p99_ms,
        "shards": swept,
        "chosen": chosen,
        "unevenness": [
            {"by": by, "factor": factor, **found}
            for (by, factor), found in zip(factors.items(), uneven, strict=True)
        ],
        "storage": storage(figures, chosen["size"], rate, wish),
        "away": away(figures, rate / shards, pods, chosen["size"], wish),
        "assumed": _assumed(wish, node),
        "measured": f"commit {measured.commit}, {measured.measured_at}",
    }


def page(plan: dict[str, Any]) -> str:
    """Return the plan as Markdown."""
    chosen, stored, waits = plan["chosen"], plan["storage"], plan["away"]
    head = ["Shards", "requests/s of each", "pods of each", "p50, p99 ms", "scores of a commit"]
    head += ["commits of a flush", "processors", "log", "Holds"]
    sweeps = [
        [
            f"{row['shards']}",
            f"{row['rate']:,.0f}",
            f"{row['pods']}",
            f"{row['p50_ms']:.1f}, {row['p99_ms']:,.1f}",
            f"{row['size']:.0f}",
            f"{row['commits_per_flush']:.1f}",
            f"{row['cores_busy']:.0%}",
            f"{row['log_busy']:.0%}",
            "yes" if row["holds"] else "no",
        ]
        for row in plan["shards"]
    ]
    uneven = [
        [
            row["by"],
            f"{row['factor']:.2f}",
            f"{row['p99_ms']:,.1f}",
            f"{row['log_busy']:.0%}",
            "yes" if row["holds"] else "no",
        ]
        for row in plan["unevenness"]
    ]
    parts = [
        f"{plan['times']:g} times the largest measured rate of one process, "
        f"{plan['largest']:,.0f}/s, is {plan['rate']:,.0f} requests a second. "
        f"99 of 100 within {plan['p99_ms']:g} ms, and neither processors nor log of a node busier "
        "than 70 %:",
        rows(head, sweeps),
        f"So it takes **{chosen['shards']} shards with {chosen['pods']} pods each**, "
        f"{chosen['shards'] * chosen['pods']} pods in all. What decides about the shard decides "
        "how uneven they are:",
        rows(["Shard by", "busiest to mean", "its p99 ms", "its log", "Holds"], uneven),
        f"A day is {stored['tib_per_day']:.1f} TiB, a month {stored['tib_per_month']:,.0f} TiB. "
        f"While a node is away for {plan['assumed']['away_s']:g} s, {waits['scores']:,.0f} scores "
        f"wait, at most {waits['gib_per_pod']:.1f} GiB in the journal of each of its pods, and "
        f"{waits['drained_s']:,.0f} s later all of them are in the ledger.",
        "Assumed, not measured: "
        + ", ".join(f"`{name}` {value:g}" for name, value in plan["assumed"].items())
        + f". Service times: {_DATABASE}, {plan['measured']}.",
    ]
    return "\n\n".join(parts)


def _assumed(wish: Assumptions, node: Node) -> dict[str, float]:
    return {
        "cores": node.cores,
        "flush_s": node.flush_s,
        "log_bytes_per_s": node.log_bytes_per_s,
        "log_share": node.log_share,
        "way_s": node.way_s,
        "replica_s": node.replica_s,
        "pod_used": wish.pod_used,
        "uneven": wish.uneven,
        "mean_share": wish.mean_share,
        "away_s": wish.away_s,
        "replay_rows_per_s": wish.replay_rows_per_s,
    }


if __name__ == "__main__":
    main()
