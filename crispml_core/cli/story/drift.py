"""The drift story: the applicants change, the model fails them, and a challenger takes its place.

The story sends the applications of each month and, a month later, what became of them. The rest is
done by the services under the rules of the use case, which it only asks to be evaluated.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crispml_core.cli.output import Report
from crispml_core.cli.story.stage import Stage
from crispml_core.cli.story.telling import KPI, Month, Story
from crispml_core.cli.verb import Failure
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.models import CHALLENGER, CHAMPION

if TYPE_CHECKING:
    from crispml_core.client import CrispMLClient

MOST_MONTHS, APPLICANTS = 14, 800
MONTH = timedelta(days=30)
# On which day of a month what happens.
APPLY, LABEL, EVALUATE = timedelta(days=1), timedelta(days=10), timedelta(days=25)
# The source shows the outcomes of so many months.
REMEMBERED = 2
PATIENCE_S = 20.0
# Every scoring process follows an alias within a second.
FOLLOWED_S = 1.0


class DriftStory:
    """Plays the story.

    Parameters
    ----------
    client : CrispMLClient
        Of services that follow the clock of the stage.
    use_case : str
        Its name.
    stage : Stage
        The scenery.
    seed : int
        Of the applicants, the split and the training.
    """

    def __init__(self, client: CrispMLClient, use_case: str, stage: Stage, *, seed: int) -> None:
        self._client, self._name, self._stage, self._seed = client, use_case, stage, seed
        self._town = stage.world.Town(seed)
        self._applicants: list[list[Any]] = []
        self._since: dict[str, int] = defaultdict(int)  # records, by challenger
        self._ahead = 0
        self._begin = self._now()

    def play(
        self, report: Report, *, months: int = MOST_MONTHS, applicants: int = APPLICANTS
    ) -> Story:
        """Let months pass until a new champion has proved itself, and return how it went."""
        training = self._client.training
        report(0.0, "the first champion is trained")
        training.wait(
            training.cycle(self._name, seed=self._seed, promote=True, idempotency_key=str(new_id()))
        )
        champion = self._aliases().get(CHAMPION)
        if champion is None:
            raise Failure("the first version did not pass its gates, so there is no champion")
        story = Story(
            use_case=self._name,
            champion_before=champion,
            drift_planted_at=self._start(self._town.broker_from),
        )
        for number in range(1, months + 1):
            report(number / (months + 1), f"month {number}")
            self._month(story, number, applicants)
            story.champion_after = self._aliases()[CHAMPION]
            if story.kpi_recovered is not None:
                break
        return story

    def _month(self, story: Story, number: int, applicants: int) -> None:
        start = self._start(number)
        self._go_to(start + APPLY)
        month = self._apply(number, start, applicants)
        story.months.append(month)
        if number > 1:
            self._go_to(start + LABEL)
            self._label(story.months[-2])
        self._go_to(start + EVALUATE)
        self._evaluate(story, month)

    def _apply(self, number: int, start: datetime, applicants: int) -> Month:
        """Send the applications of a month, and let the challenger score them in the shadow."""
        drawn = self._town.month(number, applicants)
        self._applicants.append(drawn)
        answer = self._client.scoring.score(
            self._name, [each.record for each in drawn], idempotency_key=str(new_id())
        )
        challenger = self._aliases().get(CHALLENGER)
        if challenger is not None and challenger != answer.version:
            self._since[challenger] += len(drawn)
            self._wait_until(self._has_scored(challenger), "the challenger had scored")
        return Month(number=number, start=start, champion=answer.version, scored=len(drawn))

    def _label(self, month: Month) -> None:
        """Send what became of the applicants of a month, and verify its scores."""
        drawn = self._applicants[month.number - 1]
        labels = [
            {"record_key": each.record["application_id"], "label": each.truth} for each in drawn
        ]
        self._client.scoring.label(self._name, labels, idempotency_key=str(new_id()))
        known = self._applicants[max(month.number - REMEMBERED, 0) : month.number]
        self._stage.show_outcomes([each for drawn in known for each in drawn])
        verified = self._client.scoring.verify(
            self._name,
            start=month.start,
            end=month.start + MONTH,
            idempotency_key=str(new_id()),
        )
        month.kpi = verified.content["kpis"][KPI]

    def _evaluate(self, story: Story, month: Month) -> None:
        """Have the rules evaluated, and wait for what they set off."""
        training, before = self._client.training, self._aliases()
        run = training.wait(training.monitor(self._name, idempotency_key=str(new_id())))
        month.firing = list(run.result["firing"])
        for action in run.result["actions"]:
            if action.get("run_id"):
                training.wait(training.run(action["run_id"]))
        self._note_drift(story, month, run.result)
        self._note_moves(month, before)

    def _note_drift(self, story: Story, month: Month, result: dict[str, Any]) -> None:
        found = self._client.scoring.drift(
            self._name, start=month.start, end=month.start + MONTH, version=month.champion
        )
        inputs = [alert["field"] for alert in found["alerts"] if alert["role"] == "input"]
        month.drifted = list(dict.fromkeys(inputs))
        if month.drifted and story.drift_detected_at is None and result["firing"]:
            story.drift_detected_at = datetime.fromisoformat(result["at"])

    def _note_moves(self, month: Month, before: dict[str, str]) -> None:
        now = self._aliases()
        for alias in (CHALLENGER, CHAMPION):
            version = now.get(alias)
            if version is not None and version != before.get(alias):
                event = self._client.training.alias(self._name, alias)
                month.events.append(f"{version} became {alias}: {event.reason}")
        if now.get(CHAMPION) != before.get(CHAMPION):
            time.sleep(FOLLOWED_S)
        elif CHALLENGER in now:
            self._wait_until(self._is_challenged, "the challenger was loaded")

    def _aliases(self) -> dict[str, str]:
        events = self._client.training.aliases(self._name)
        return {event.alias: event.version for event in events if event.version}

    def _start(self, number: int) -> datetime:
        return self._begin + (number - 1) * MONTH

    def _now(self) -> datetime:
        return min(_time_of(self._client.training), _time_of(self._client.scoring))

    def _go_to(self, moment: datetime) -> None:
        """Let it become the moment, for both services."""
        missing = moment - self._now()
        self._ahead += int(missing.total_seconds()) + 1
        self._stage.ahead(self._ahead)
        self._wait_until(lambda: self._now() >= moment, "the clock had moved")

    def _is_challenged(self) -> bool:
        return bool(self._client.scoring.challenge(self._name)["serving"])

    def _has_scored(self, challenger: str) -> Callable[[], bool]:
        """Return what tells whether all records since it was set have its shadow score."""
        wanted = self._since[challenger]

        def has_scored() -> bool:
            records = self._client.scoring.challenge(self._name)["records"]
            return bool(records["shadow_scores"] >= wanted)

        return has_scored

    def _wait_until(self, happened: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not happened():
            if time.monotonic() > end:
                raise Failure(f"the story stopped: {PATIENCE_S:g} s passed before {what}")
            time.sleep(0.05)


def _time_of(service: Any) -> datetime:
    answer = service.connection.request("GET", "/version")
    return datetime.fromisoformat(answer.json()["time"])
