"""A training that runs beside the rest."""

from __future__ import annotations

from locust import task

from crispml_core.client import CYCLE
from loadtest.names import LIFE_CYCLE
from loadtest.scenarios.runs import RunningUser


class TrainingCycles(RunningUser):
    """Runs one cycle after the other; no alias is moved."""

    fixed_count = 1

    @task
    def take_turn(self) -> None:
        """Look at the cycle, or start the next one."""
        if self.is_running:
            self.look()
        else:
            self.start_run(LIFE_CYCLE, CYCLE, {"promote": False})
