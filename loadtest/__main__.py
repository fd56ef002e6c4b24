"""``make loadtest``: load, figures, the proof that nothing was lost, and a verdict.

    python -m loadtest [--quick] [--json] [--scenario NAME]... [--shape SHAPE] [--rate RECORDS]

Without ``CRISPML_SCORING_URL`` it starts both services on this machine, in a temporary folder.
It ends with 0 if all thresholds are kept, 1 if one is missed, and 2 if there is no result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from crispml_core.client import CrispMLClient
from crispml_core.domain.errors import CrispMLError, InvalidInput
from loadtest.collecting import TOLD_FILE
from loadtest.config import (
    SCENARIOS,
    SHAPES,
    LoadSettings,
    addresses,
    credential,
    read_settings,
    tls,
)
from loadtest.demo import Target, has_champion, local_target, train
from loadtest.page import render
from loadtest.result import load_result
from loadtest.running import run_load
from loadtest.thresholds import (
    DEFAULT,
    SOAK,
    Judged,
    Threshold,
    Verdict,
    is_kept,
    judge,
    read_thresholds,
)
from loadtest.verifying import verify

_NO_RESULT = 2
RESULTS, PAGE = "results.json", "report.html"
_STARTED = time.monotonic()
_QUICK = {"seconds": 25.0, "warm_up_s": 5.0, "rate": 200.0}
_SHOWN = (
    "acknowledged",
    "in_ledger",
    "doubled",
    "failed",
    "refused_valid",
    "refused_invalid",
    "accepted_invalid",
    "requests",
    "rate",
    "records_per_s",
    "p50_ms",
    "p99_ms",
    "locust_cpu",
    "locust_late_p99_ms",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one load test, and return the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = _settings(chosen)
        chosen_file = settings.thresholds or (SOAK if chosen.watch else DEFAULT)
        thresholds = read_thresholds(Path(chosen_file))
        result = run_test(settings, thresholds, trains=chosen.train, is_watched=chosen.watch)
    except (CrispMLError, click.ClickException, OSError) as error:
        _say(f"no result: {error}")
        return _NO_RESULT
    except KeyboardInterrupt:
        _say("no result: it was interrupted")
        return _NO_RESULT
    if chosen.json:
        print(json.dumps(result))
    else:
        _show(result)
    return 0 if result["kept"] else 1


def run_test(
    settings: LoadSettings,
    thresholds: list[Threshold],
    *,
    trains: bool = False,
    is_watched: bool = False,
) -> dict[str, Any]:
    """Load the services, look for what they acknowledged, judge the figures, and leave it all.

    Parameters
    ----------
    trains : bool
        Whether to train first where no version answers.
    is_watched : bool
        Whether to look at what the services of this machine take meanwhile, and whether it grows.

    Returns
    -------
    dict
        The results, with ``thresholds`` and whether they are ``kept``.
    """
    folder = Path(settings.results).resolve()
    with _target(settings) as target:
        settings = msgspec.structs.replace(settings, key_file=target.key_file or settings.key_file)
        with _client(settings, target) as client:
            use_case = client.scoring.use_case(settings.use_case)
            if trains and target.training_url and not has_champion(client, use_case.name):
                _say("training, because no version answers")
                train(client, use_case.name)
            _say(f"{settings.shape} of {', '.join(settings.scenarios)} at {target.scoring_url}")
            with _watching(target, folder, is_watched) as grown:
                report = run_load(settings, target.training_url, target.scoring_url)
            _say(f"looking for {report.told} acknowledged scores in the ledger")
            compared = verify(client, use_case, folder / TOLD_FILE, folder)
    result = {**load_result(settings, report, compared), **grown}
    judged = judge(thresholds, result)
    for one in judged:
        if one.verdict is Verdict.MISSED:
            _say(f"missed: {one.name} is {one.value}, {one.bounds}")
    result["thresholds"] = msgspec.to_builtins(judged)
    result["kept"] = is_kept(judged)
    (folder / RESULTS).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (folder / PAGE).write_text(render(result), encoding="utf-8")
    return result


def _client(settings: LoadSettings, target: Target) -> CrispMLClient:
    return CrispMLClient(
        target.training_url or target.scoring_url,
        target.scoring_url,
        credential=credential(settings),
        tls=tls(),
    )


@contextlib.contextmanager
def _target(settings: LoadSettings) -> Iterator[Target]:
    training_url, scoring_url = addresses()
    if scoring_url:
        yield Target(training_url, scoring_url, "")
        return
    with tempfile.TemporaryDirectory(prefix="loadtest-") as folder:
        _say("starting both services, and training once")
        with local_target(Path(folder), settings.use_case) as target:
            yield target


@contextlib.contextmanager
def _watching(target: Target, folder: Path, is_watched: bool) -> Iterator[dict[str, Any]]:
    """Yield what will have the figures of growth at the end of the block, if they are wanted."""
    figures: dict[str, Any] = {}
    if not is_watched:
        yield figures
        return
    from loadtest.watching import Watch, Watched, figures_of  # not before it is needed

    if not target.processes:
        raise InvalidInput("--watch is for services of this machine: name no CRISPML_SCORING_URL")
    folder.mkdir(parents=True, exist_ok=True)
    with Watch(Watched(target.processes, target.files)) as watch:
        yield figures
    watch.write(folder)
    growth = watch.growth()
    figures |= {"growth": growth, **figures_of(growth)}


def _settings(chosen: argparse.Namespace) -> LoadSettings:
    given = {
        "scenarios": chosen.scenario,
        "results": None if chosen.folder is None else str(chosen.folder),
        "thresholds": None if chosen.thresholds is None else str(chosen.thresholds),
        **{name: getattr(chosen, name) for name in ("shape", "rate", "seconds", "processes")},
        "warm_up_s": chosen.warm_up,
    }
    if chosen.quick:
        given |= {name: value for name, value in _QUICK.items() if given.get(name) is None}
    settings = read_settings(**given)
    training_url, scoring_url = addresses()
    if "methods" in settings.scenarios and scoring_url and not training_url:
        raise InvalidInput("the scenario methods needs CRISPML_TRAINING_URL")
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a small load of half a minute")
    parser.add_argument("--train", action="store_true", help="train if no version answers yet")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="may be given several times"
    )
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--rate", type=float, help="records per second at the height of the shape")
    parser.add_argument("--seconds", type=float, help="how long the load is measured")
    parser.add_argument("--warm-up", type=float, help="seconds before it is measured")
    parser.add_argument("--processes", type=int, help="processes of Locust that send")
    parser.add_argument("--thresholds", type=Path, help="another file of them, or a folder")
    parser.add_argument(
        "--watch", action="store_true", help="look at what the services take, and whether it grows"
    )
    parser.add_argument("--folder", type=Path, help="where the results go")
    return parser


def _show(result: dict[str, Any]) -> None:
    for name in _SHOWN:
        print(f"{name:<20} {result[name]}")
    for name, told in result.get("growth", {}).items():
        interval = f"{told['low']:+.2f} to {told['high']:+.2f}"
        print(f"{name:<26} {told['last']:.1f}, {told['per_hour']:+.2f} per hour ({interval})")
    print()
    for one in (msgspec.convert(each, Judged) for each in result["thresholds"]):
        print(f"{one.verdict:<13} {one.name} {one.value}, {one.bounds}")


def _say(what: str) -> None:
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
