"""Many records in one request, which is answered or refused as a whole."""

from __future__ import annotations

import msgspec

from crispml_core.client import SCORING_METHODS
from loadtest.names import BATCH
from loadtest.scenarios.answers import tell_scores
from loadtest.scenarios.open_loop import OpenLoopUser


class BatchScoring(OpenLoopUser):
    """Scores batches: as many records per second as other users, in fewer requests."""

    weight = 3
    name = BATCH

    @property
    def rate(self) -> float:
        """How many batches per second are due."""
        return super().rate / self.load.settings.batch_rows

    def ask(self, due: float) -> None:
        """Send a batch."""
        drawn = self.load.records.batch(self.load.settings.batch_rows)
        self.send(
            self.name,
            self.load.scoring(SCORING_METHODS[0]),
            msgspec.json.encode({"records": [one.values for one in drawn]}),
            due=due,
            is_valid=not any(one.broken for one in drawn),
            records=len(drawn),
            read=lambda content: tell_scores(self.load, content, len(drawn)),
        )
