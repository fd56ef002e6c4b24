"""The version that is open: what several parts of its page ask."""

from __future__ import annotations

from crispml_console.pages.models import asks
from crispml_console.parts.page import Visit
from crispml_console.service.call import training
from crispml_core.client import AliasEvent
from crispml_core.client.training import TrainingClient


class Opened:
    """A version of a model, and what is known of it.

    Parameters
    ----------
    visit : Visit
        Of an address that names a version.
    """

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.model, self.name = visit.place.use_case, visit.place.query["version"]
        self._calls = (
            training(asks.aliases, self.model),
            training(TrainingClient.version_approval, self.model, self.name),
            training(asks.verdicts, self.model, self.name),
        )
        aliases, approval, verdicts = self._calls
        self.version = visit.asked(training(TrainingClient.version, self.model, self.name))
        self.aliases, self.approval = visit.asked(aliases), visit.asked(approval)
        self.verdicts = visit.asked(verdicts)

    def again(self) -> None:
        """Ask what an action may have changed."""
        aliases, approval, verdicts = self._calls
        self.aliases.ask(aliases)
        self.approval.ask(approval)
        self.verdicts.ask(verdicts)

    def pointing(self) -> dict[str, AliasEvent]:
        """Return the newest move of each alias that points somewhere, as far as it is known."""
        return {event.alias: event for event in self.aliases().value or () if not event.is_removal}
