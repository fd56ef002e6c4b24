"""The life of a model in service: it scores, the truth arrives, somebody asks for a report.

Each is a user of its own, so that no record waits behind a report on the same connection.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from crispml_core.client import SCORING_METHODS
from crispml_core.domain.identifiers import utc_now
from loadtest.names import LIFE_LABEL, LIFE_REPORT, LIFE_SCORE
from loadtest.scenarios.answers import tell_scores
from loadtest.scenarios.http_user import BrokenAnswer
from loadtest.scenarios.open_loop import OpenLoopUser

_MOST_LABELS = 1000
_PERIOD = timedelta(minutes=1)


class MixedLife(OpenLoopUser):
    """Scores one record per request, and remembers its truth."""

    weight = 3
    name = LIFE_SCORE
    truths: ClassVar[deque[dict[str, Any]]] = deque(maxlen=10 * _MOST_LABELS)
    """Labels of this process that nobody has imported yet."""

    def ask(self, due: float) -> None:
        """Send a record."""
        drawn = self.load.records.valid()

        def read(content: bytes) -> None:
            for score in tell_scores(self.load, content, 1):
                self.truths.append({"score_id": score.score_id, "label": drawn.truth})

        self.send(
            self.name,
            self.load.scoring(SCORING_METHODS[0]),
            msgspec.json.encode(drawn.values),
            due=due,
            records=1,
            read=read,
        )


class LabelImports(OpenLoopUser):
    """Imports the ground truth of what was scored."""

    fixed_count = 1
    name = LIFE_LABEL

    @property
    def rate(self) -> float:
        """How many imports per second are due."""
        return 1 / self.load.settings.label_every_s

    def ask(self, due: float) -> None:
        """Send the labels that there are; each of them must be accepted."""
        truths = MixedLife.truths
        labels = [truths.popleft() for _ in range(min(len(truths), _MOST_LABELS))]
        if not labels:
            return

        def read(content: bytes) -> None:
            counts = msgspec.json.decode(content, type=dict[str, Any])["counts"]
            if counts["accepted"] != len(labels):
                raise BrokenAnswer("labels of acknowledged scores were not accepted")

        content = msgspec.json.encode({"labels": labels})
        self.send(self.name, self.load.scoring(SCORING_METHODS[1]), content, due=due, read=read)


class VerificationReports(OpenLoopUser):
    """Lets the service verify the scores of the last minute."""

    fixed_count = 1
    name = LIFE_REPORT

    @property
    def rate(self) -> float:
        """How many reports per second are due."""
        return 1 / self.load.settings.report_every_s

    def ask(self, due: float) -> None:
        """Ask for a report."""
        content = msgspec.json.encode({"from": (utc_now() - _PERIOD).isoformat()})
        self.send(self.name, self.load.scoring(SCORING_METHODS[2]), content, due=due)
