"""One record per request, on the shortest way through the service."""

from __future__ import annotations

import msgspec

from crispml_core.client import SCORING_METHODS
from loadtest.names import SINGLE
from loadtest.records import Drawn
from loadtest.scenarios.answers import tell_scores
from loadtest.scenarios.open_loop import OpenLoopUser


class SingleScoring(OpenLoopUser):
    """Scores one record per request."""

    weight = 5
    name = SINGLE

    def ask(self, due: float) -> None:
        """Send a record, in a share of the cases one that must be refused."""
        (drawn,) = self.load.records.batch(1)
        self.score(drawn, due)

    def score(self, drawn: Drawn, due: float) -> None:
        """Send one record as the body of a request."""
        self.send(
            self.name,
            self.load.scoring(SCORING_METHODS[0]),
            msgspec.json.encode(drawn.values),
            due=due,
            is_valid=not drawn.broken,
            records=1,
            read=lambda content: tell_scores(self.load, content, 1),
        )
