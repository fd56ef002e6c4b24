"""``make scaling``: replicas come and go under load, and nobody notices.

    python -m benchmarks.scaling [--quick] [--json] [--namespace NAMESPACE]

Without a namespace docker compose runs everything on this machine. With one, ``kubectl`` scales
what is deployed there, and ``CRISPML_SCORING_URL``, ``CRISPML_TRAINING_URL`` and
``CRISPML_API_KEY`` say how it is reached. A full run writes ``results/scaling.json``, ``.csv`` and
``.svg``, and one on compose the tables of ``docs/scale.md``. It ends with 0 if all thresholds are
kept, 1 if one is missed, and 2 if there is no result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.cores import be_the_client
from benchmarks.harness.marks import write_between
from benchmarks.harness.places import HOME, RESULTS, ROOT
from benchmarks.harness.result import origin, write_result
from benchmarks.harness.say import say
from benchmarks.scaling import images, series
from benchmarks.scaling.compose import Compose
from benchmarks.scaling.kubectl import Cluster
from benchmarks.scaling.measuring import Measuring
from benchmarks.scaling.page import BEGIN, END, page
from benchmarks.scaling.plan import FULL, QUICK
from benchmarks.scaling.platform import Platform
from benchmarks.scaling.plot import draw
from crispml_core.domain.errors import CrispMLError, InvalidInput
from loadtest.config import SCENARIOS, LoadSettings, addresses, read_settings
from loadtest.demo import Target
from loadtest.thresholds import is_kept, judge, read_thresholds

PAGE = ROOT / "docs" / "scale.md"
THRESHOLDS = Path(__file__).with_name("thresholds.toml")
_NO_RESULT = 2
_PICTURE = (
    "Each second of it is in `benchmarks/results/scaling.csv`:\n\n"
    "![Throughput, latency, failures and replicas](../benchmarks/results/scaling.svg)"
)
# A request of it takes the whole way through the app, so that Locust on one core asks for more than
# three quarters of a core can answer; single records are answered too fast for it.
_SCENARIO = "open-inference"


def main(arguments: list[str] | None = None) -> int:
    """Measure, write down, and return the exit code."""
    options = _options(arguments)
    try:
        document = measure(options)
    except (CrispMLError, OSError) as error:
        say(f"no result: {error}")
        return _NO_RESULT
    print(json.dumps(document) if options.json else page(document))
    return 0 if document["kept"] else 1


def proved() -> dict[str, Any]:
    """Measure all of it, and return the figures and how many thresholds were missed."""
    document = measure(_options([]))
    missed = [one["name"] for one in document["thresholds"] if one["verdict"] != "met"]
    figures = {one["name"]: one["value"] for one in document["thresholds"]}
    return {**figures, "missed": missed, "missed_thresholds": len(missed)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the document of one measurement."""
    thresholds = read_thresholds(options.thresholds)
    settings = _settings(options.scenario)
    allowed = os.sched_getaffinity(0)
    try:
        with _platform(options.namespace) as platform:
            measuring = Measuring(platform, settings, HOME / "scaling")
            result = measuring.run(QUICK if options.quick else FULL)
    finally:
        os.sched_setaffinity(0, allowed)
    judged = judge(thresholds, result)
    document = {
        **origin(),
        "result": result,
        "thresholds": msgspec.to_builtins(judged),
        "kept": is_kept(judged),
    }
    if not options.quick:
        _write(document, measuring.series, is_page=options.namespace is None)
    return document


def _write(document: dict[str, Any], curves: dict[str, series.Series], *, is_page: bool) -> None:
    name = "scaling" if is_page else "scaling_cluster"
    write_result(name, document)
    series.write(curves, RESULTS / f"{name}.csv")
    draw(document["result"], curves, RESULTS / f"{name}.svg")
    if is_page:
        write_between(PAGE, BEGIN, END, f"{page(document)}\n\n{_PICTURE}")


@contextlib.contextmanager
def _platform(namespace: str | None) -> Iterator[Platform]:
    training_url, scoring_url = addresses()
    if namespace is not None:
        if not scoring_url:
            raise InvalidInput("CRISPML_SCORING_URL must say where scoring is reached")
        with Cluster(namespace, Target(training_url, scoring_url, "")) as cluster:
            yield cluster
        return
    if len(os.sched_getaffinity(0)) < 2:
        raise InvalidInput("a scaling test on one machine needs two cores; see --namespace")
    say("building the images")
    images.build_own()
    # Locust, and what else starts here, leaves the core of the replicas.
    be_the_client()
    say("starting PostgreSQL, training, a replica and the balancer")
    with Compose() as compose:
        yield compose


def _settings(scenario: str) -> LoadSettings:
    processes = None if "LOADTEST_PROCESSES" in os.environ else 1
    return read_settings(scenarios=(scenario,), processes=processes, invalid_share=0.0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="two replicas, and short times")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--namespace", help="of a cluster that runs the suite")
    parser.add_argument("--scenario", default=_SCENARIO, choices=sorted(SCENARIOS))
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS, help="another file of them")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
