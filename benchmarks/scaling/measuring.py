"""The loads of a scaling test, one after the other, and what they came to together."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.say import say
from benchmarks.scaling.curve import efficiency, figures_of, others_had
from benchmarks.scaling.driving import Driven, drive
from benchmarks.scaling.plan import Action, Phase, Sizes, up_and_down, up_replaced_and_down
from benchmarks.scaling.platform import Platform
from benchmarks.scaling.series import Series, series_of
from crispml_core.client import CrispMLClient
from loadtest.collecting import TOLD_FILE
from loadtest.config import LoadSettings, credential, tls
from loadtest.demo import has_champion, train
from loadtest.figures import LoadReport
from loadtest.result import load_result
from loadtest.verifying import verify

# Longer than replicas take that start one after the other; a load is ended by its last phase.
_LONGEST_S = 1200.0
_ALGORITHMS = ["logistic_regression"]
_COUNTS = (
    "acknowledged",
    "in_ledger",
    "missing",
    "different",
    "doubled",
    "told_twice",
    "failed",
    "refused_valid",
    "faults",
    "silent_processes",
)
_KEPT = ("requests", "rate", "unsent_share", "p50_ms", "p99_ms", "locust_late_p99_ms", "notes")


class Measuring:
    """One measurement.

    Parameters
    ----------
    platform : Platform
        Has one replica that gets requests.
    settings : LoadSettings
        What all loads have in common.
    folder : Path
        Gets a folder for each load; what an earlier measurement left there is removed.
    """

    def __init__(self, platform: Platform, settings: LoadSettings, folder: Path) -> None:
        self._platform = platform
        key_file = platform.target.key_file or settings.key_file
        self._settings = msgspec.structs.replace(settings, key_file=key_file, series=True)
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        self.series: dict[str, Series] = {}
        self.loads: dict[str, dict[str, Any]] = {}

    def run(self, sizes: Sizes) -> dict[str, Any]:
        """Make all loads, and return what they came to."""
        self.train()
        cores = self._platform.cores
        self.saturate("saturated", sizes, up_and_down(sizes))
        reached = efficiency(self.loads["saturated"]["phases"])
        rate = math.floor(sizes.share * reached["rate_at_one"])
        self.ask("constant", sizes, rate, up_replaced_and_down(sizes))
        for workers in sizes.workers:
            say(f"{workers} worker processes in one replica")
            self._platform.set_workers(workers, sizes.worker_cores)
            self.saturate(f"workers-{workers}", sizes, [Phase(Action.HOLD, 1, sizes.hold_s)])
        return self._told(cores, reached, sizes)

    def saturate(self, name: str, sizes: Sizes, phases: Sequence[Phase]) -> None:
        """Ask for as much as there is: each connection sends as soon as it has an answer.

        An open loop would have to be told the rate that is looked for. Above that rate its requests
        wait ever longer, and below it nothing is found out.
        """
        self._load(name, sizes, phases, arrivals="closed", rate=float(sizes.connections))

    def ask(self, name: str, sizes: Sizes, rate: float, phases: Sequence[Phase]) -> None:
        """Ask at a rate that nothing moves."""
        self._load(name, sizes, phases, rate=float(max(1, rate)))

    def _load(self, name: str, sizes: Sizes, phases: Sequence[Phase], **given: Any) -> None:
        settings = msgspec.structs.replace(
            self._settings,
            results=str(self._folder / name),
            warm_up_s=sizes.warm_up_s,
            seconds=_LONGEST_S,
            user_rate=given["rate"] / sizes.connections,
            **given,
        )
        say(f"the load {name}")
        cores = self._platform.cores
        driven = drive(self._platform, settings, phases)
        result = self._verified(settings, driven.report)
        seconds = driven.report.figures.seconds
        self.series[name] = series_of(seconds, driven.ready, driven.passed)
        locust = self._locust_cpu(driven)
        phases_told = [figures_of(seconds, one, cores) for one in driven.passed]
        others = [others_had(one["busy_cores"], locust, os.cpu_count() or 1) for one in phases_told]
        self.loads[name] = {
            **{figure: result[figure] for figure in (*_COUNTS, *_KEPT)},
            "locust_cpu": locust,
            "others_had": max((share for share in others if share is not None), default=None),
            "phases": phases_told,
        }

    def _verified(self, settings: LoadSettings, report: LoadReport) -> dict[str, Any]:
        say(f"  looking for {report.told} acknowledged scores in the ledger")
        folder = Path(settings.results)
        with self._client() as client:
            use_case = client.scoring.use_case(settings.use_case)
            compared = verify(client, use_case, folder / TOLD_FILE, folder)
        return load_result(settings, report, compared)

    def _locust_cpu(self, driven: Driven) -> float:
        shares = driven.report.cpu_shares
        return round(sum(shares) if self._platform.shares_core else max(shares, default=0.0), 3)

    def train(self) -> None:
        """Train once, if no version answers yet."""
        with self._client() as client:
            if not has_champion(client, self._settings.use_case):
                say("training, because no version answers")
                train(client, self._settings.use_case, _ALGORITHMS)

    def _client(self) -> CrispMLClient:
        target = self._platform.target
        return CrispMLClient(
            target.training_url or target.scoring_url,
            target.scoring_url,
            credential=credential(self._settings),
            tls=tls(),
        )

    def _told(self, cores: float, reached: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
        loads = self.loads
        return {
            **{name: sum(one[name] for one in loads.values()) for name in _COUNTS},
            **reached,
            "platform": self._platform.name,
            "scenarios": list(self._settings.scenarios),
            "cores_of_replica": cores,
            "rate_per_core": round(reached["rate_at_one"] / cores, 1),
            "busy_share": min(one["busy_share"] for one in loads["saturated"]["phases"]),
            "constant_unsent_share": loads["constant"]["unsent_share"],
            "unclean_ends": self._platform.unclean,
            "locust_cpu": max(one["locust_cpu"] for one in loads.values()),
            "others_had": max(
                (one["others_had"] for one in loads.values() if one["others_had"] is not None),
                default=None,
            ),
            "workers": [
                {"workers": workers, **loads[f"workers-{workers}"]["phases"][0]}
                for workers in sizes.workers
            ],
            "loads": loads,
        }
