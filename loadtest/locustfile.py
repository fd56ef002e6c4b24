"""What Locust reads: the users, the shape of the load, and what happens to its figures.

``make loadtest`` starts it; so does whoever knows Locust::

    export CRISPML_SCORING_URL=… CRISPML_TRAINING_URL=… CRISPML_API_KEY=…
    locust -f loadtest/locustfile.py --headless --processes 4 SingleScoring
"""

from __future__ import annotations

from typing import Any

from locust import LoadTestShape, events
from locust.runners import MasterRunner, WorkerRunner

from loadtest.collecting import Gathering
from loadtest.config import read_settings
from loadtest.hooks import cut, gather, send, send_and_gather, tell_settings
from loadtest.scenarios.batch import BatchScoring as BatchScoring
from loadtest.scenarios.mixed_life import LabelImports as LabelImports
from loadtest.scenarios.mixed_life import MixedLife as MixedLife
from loadtest.scenarios.mixed_life import VerificationReports as VerificationReports
from loadtest.scenarios.nine_methods import NineMethods as NineMethods
from loadtest.scenarios.open_inference import OpenInference as OpenInference
from loadtest.scenarios.single import SingleScoring as SingleScoring
from loadtest.scenarios.training_cycles import TrainingCycles as TrainingCycles
from loadtest.shapes import users_at

SETTINGS = read_settings()
# Locust spawns no more than about a hundred users per second in a process.
_SPAWN_RATE = 100 * max(SETTINGS.processes, SETTINGS.expect_workers)
# How long the reports of all processes may take after the last answer.
_REPORTS_S = 15.0


@events.init.add_listener
def set_up(environment: Any, runner: Any, **_: Any) -> None:
    """Let a process that sends count, and one that collects gather."""
    if isinstance(runner, WorkerRunner):
        send(environment, SETTINGS)
        return
    gathering = environment.gathering = Gathering(SETTINGS)
    gather(environment, gathering, SETTINGS)
    if isinstance(runner, MasterRunner):
        tell_settings(environment, SETTINGS)
    else:
        send_and_gather(environment, gathering, SETTINGS)


class PlannedShape(LoadTestShape):
    """The shape of the settings: as many users as its rate takes, and in the end none."""

    _is_cut = False

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are now; None at the end."""
        assert self.runner is not None
        classes = self.runner.user_classes
        fixed = sum(user.fixed_count for user in classes)
        users = users_at(SETTINGS, self.get_run_time(), fixed)
        if users is not None and not self._was_cut():
            has_others = any(not user.fixed_count for user in classes)
            return (users if has_others else fixed), _SPAWN_RATE
        return None if self._is_over() else (0, _SPAWN_RATE)

    def _was_cut(self) -> bool:
        """Return whether somebody ended the load before its time; let every process know."""
        assert self.runner is not None
        environment = self.runner.environment
        if not self._is_cut and environment.gathering.is_cut:
            self._is_cut = True
            cut(environment)
        return self._is_cut

    def _is_over(self) -> bool:
        """Return whether every process has told its last figures, or was waited for long enough.

        Locust itself waits half a second for them, which is less than an answer may take.
        """
        assert self.runner is not None
        gathering: Gathering = self.runner.environment.gathering
        gathering.end()
        longest = SETTINGS.timeout_s + _REPORTS_S
        return gathering.is_complete or gathering.ended_since_s > longest
