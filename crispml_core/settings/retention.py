"""How long rows are kept."""

from __future__ import annotations

from pydantic import Field, model_validator

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.retention import RetentionRule
from crispml_core.governance.retention import DAYS_OF, retention_rules
from crispml_core.settings.concern import Concern


class RetentionSettings(Concern):
    """How many days rows are kept, for `crispml retention run`; 0 keeps them for good."""

    labels_days: int = Field(default=0, ge=0)
    """Labels, and imports whose labels are all gone."""

    scores_days: int = Field(default=0, ge=0)
    """Scores with their stored inputs; the counts of drift stay."""

    reports_days: int = Field(default=0, ge=0)
    """Verification reports."""

    runs_days: int = Field(default=0, ge=0)
    """Runs that ended."""

    serving_events_days: int = Field(default=90, ge=0)
    """What happened in scoring besides scores."""

    deliveries_days: int = Field(default=30, ge=0)
    """Messages that were delivered or given up."""

    use_cases: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Days of single use cases, as a JSON object: `{"credit": {"scores": 730, "labels": 730}}`."""

    @model_validator(mode="after")
    def _are_rules(self) -> RetentionSettings:
        try:
            self.rules()
        except InvalidInput as error:
            raise ValueError(f"USE_CASES: {error.message}") from None
        return self

    def rules(self) -> tuple[RetentionRule, ...]:
        """Return the rules, in the order in which they are followed."""
        days = {kind: getattr(self, f"{kind}_days") for kind in DAYS_OF}
        return retention_rules(days, self.use_cases)
