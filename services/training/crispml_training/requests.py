"""Request bodies of methods 1 to 6 and of the cycle.

Only shapes and types are checked here; what they mean to a use case is checked by
``TrainingPipelines.check``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictStr

from crispml_core.domain.approval import MAX_REASON
from crispml_core.domain.catalogue import MAX_TAG, MAX_TAGS, MAX_TEXT
from crispml_core.rest.requests import Moment, RequestModel

Id = Annotated[str, Field(strict=True, min_length=1, max_length=128)]
Seed = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)]
Text = Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
Tag = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_TAG)]
# As `Sensitivity`, spelled out: a schema inside a description of a body can refer to nothing.
Level = Literal["public", "internal", "confidential", "restricted"]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=255)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]
TIMEOUT = Field(None, gt=0, le=7 * 24 * 3600, allow_inf_nan=False)


class RunRequest(RequestModel):
    """What every request for a run may say."""

    timeout_s: float | None = TIMEOUT
    """How long the run may take; the setting of the service when it is left out."""

    def parameters(self) -> dict[str, Any]:
        """Return what the caller set for the method; the method knows its defaults."""
        return self.model_dump(exclude={"timeout_s"}, exclude_unset=True)


class Described(RequestModel):
    """What a caller may say about the data set that is made."""

    owner: Text = ""
    """Who answers for the data."""

    description: Text = ""
    """One sentence for the reader."""

    sensitivity: Level | None = None
    """How confidential the data are; `internal` for new data when it is left out."""

    tags: Tags = Field(default_factory=list)
    """Words to find the data set by; may be repeated in a query."""


class IngestionRequest(RunRequest, Described):
    """Which part of the source becomes a raw data set."""

    where: Annotated[str, Field(strict=True, max_length=10_000)] | None = None
    """Rows that make this expression true, for example `age >= 18`."""

    sample: float = Field(1.0, gt=0, le=1)
    """Share of the rows."""

    limit: int | None = Field(None, ge=1, strict=True)
    """At most so many rows."""

    seed: Seed = 0
    """Seed of the sample."""


class UploadQuery(RunRequest, Described):
    """What an upload says in its query, as its body is the data."""


class PreparationRequest(RunRequest):
    """Which raw data set is prepared."""

    dataset_id: Id
    """A raw data set."""

    seed: Seed = 0
    """Decides, with the record key, which split a row belongs to."""


class CurationRequest(RunRequest):
    """Which prepared data set is curated, and for which algorithm."""

    dataset_id: Id
    """A prepared data set."""

    algorithm: Id
    """An algorithm of the use case."""


class SearchRequest(RequestModel):
    """A cross-validated search for hyperparameters inside `train`."""

    kind: Literal["grid", "random"]
    """Every combination of the search values, or random draws."""

    folds: int = Field(5, ge=2, le=20, strict=True)
    """Folds of the cross-validation."""

    iterations: int = Field(20, ge=1, le=500, strict=True)
    """Draws of a random search."""

    scoring: StrictStr | None = None
    """What is best, as scikit-learn names it; by the task when it is left out."""


class TrainingRequest(RunRequest):
    """Which curated data a model is fitted to, and how."""

    curation_id: Id
    """A curation, which knows its data set and its algorithm."""

    hyperparameters: dict[str, Any] = Field(default_factory=dict, examples=[{"C": 0.5}])
    """By name; the others keep their defaults."""

    seed: Seed = 0
    """Seed of the estimator and of the search."""

    search: SearchRequest | None = None
    """Search instead of the given hyperparameters alone."""


class ReportRequest(RunRequest):
    """Which fitted model is evaluated."""

    model_id: Id
    """A fitted model."""


class PersistRequest(RunRequest):
    """Which fitted model is published."""

    model_id: Id
    """A fitted model."""

    report_id: Id
    """Its report."""


class CycleRequest(IngestionRequest):
    """Methods 1 to 6 for one or several algorithms."""

    dataset_id: Id | None = None
    """Start from this raw data set instead of the source."""

    algorithms: list[Id] | None = Field(None, min_length=1, max_length=100)
    """Algorithms of the use case; all when left out."""

    hyperparameters: dict[str, Any] = Field(
        default_factory=dict, examples=[{"logistic_regression": {"C": 0.5}}]
    )
    """By algorithm, then by name."""

    search: SearchRequest | None = None
    """Search for each algorithm."""

    promote: StrictBool = False
    """Let `champion` point at the best version on `select`, if it passes the gates."""

    challenge: StrictBool = False
    """Let `challenger` point at it instead."""


class EvaluationRequest(RunRequest):
    """As of when the rules of a use case are evaluated."""

    at: Moment | None = None
    """Now when it is left out. A moment that was evaluated before is answered as it was then."""


class DryRunRequest(RunRequest):
    """At which past moments the rules would have been evaluated."""

    from_: Moment = Field(alias="from")
    """The first moment."""

    to: Moment
    """The last moment that may be evaluated."""

    step_days: float = Field(7.0, gt=0, le=3660, allow_inf_nan=False)
    """Days from one evaluation to the next."""

    def parameters(self) -> dict[str, Any]:
        """Return what the caller set, by its name in the request."""
        return self.model_dump(exclude={"timeout_s"}, by_alias=True)


class AcknowledgeRequest(RequestModel):
    """Who looks after an alert."""

    by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """A name; only where authentication is off, else it is whoever asks."""


class ApprovalRequest(RequestModel):
    """The answer to a promotion that a rule asked for."""

    decision: Literal["approve", "reject"]
    """`approve` moves the alias `champion`; `reject` ends the request."""

    by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """Who decides, kept with the move; only where authentication is off, else whoever asks."""

    reason: Text = ""
    """Why; kept with the move."""


class DecisionRequest(RequestModel):
    """What somebody decides about a version."""

    decision: Literal["approve", "refuse"]
    """`approve` lets the version answer in this environment; `refuse` ends an approval too."""

    reason: Annotated[str, Field(strict=True, min_length=1, max_length=MAX_REASON)]
    """Why; kept with the decision."""

    accept: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    """Items of the checklist, by name, that are undecided and shall not stand in the way."""


class BreakGlassRequest(RequestModel):
    """Which version shall answer although nobody approved it."""

    version: Id
    """A version of the model."""

    reason: Annotated[str, Field(strict=True, min_length=1, max_length=MAX_REASON)]
    """Why it cannot wait; kept with the move, and told to the webhook."""


class MoveRequest(RequestModel):
    """Where an alias shall point."""

    version: Id
    """A version of the model."""

    reason: Text = ""
    """Why; kept with the move, and required in prod."""

    moved_by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """Who moves it; kept with the move."""

    traffic: float = Field(0.0, ge=0, lt=1, allow_inf_nan=False)
    """Only for `challenger`: the share of the records that it answers; 0 scores in the shadow."""


class DescriptionRequest(RequestModel):
    """What shall be said about a data set from now on; what is left out stays, null takes back."""

    owner: Text | None = None
    """Who answers for the data."""

    description: Text | None = None
    """One sentence for the reader."""

    tags: Tags | None = None
    """Words to find the data set by; all of them."""

    sensitivity: Level | None = None
    """How confidential the data are."""

    reason: Text = ""
    """Why; kept in the history, and needed where the sensitivity falls."""

    noted_by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """Who says so, as the caller states it."""


class RemoveQuery(RequestModel):
    """What is kept with the removal of an alias."""

    reason: Text = ""
    """Why; required in prod."""

    moved_by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """Who removes it."""


class KeyRequest(RequestModel):
    """An API key that shall be made."""

    name: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,99}$")]
    """Who holds it; the audit log calls them `key:NAME`. Another key may have the name once this
    one is revoked."""

    grants: Annotated[
        list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=100)
    ]
    """What its holder may do: `ROLE`, `ROLE:USE_CASE` or `ROLE:USE_CASE:ENVIRONMENT` each."""

    expires_at: Moment | None = None
    """When it ends; never when it is left out."""


class VerdictRequest(RequestModel):
    """What is judged about a version in service."""

    healthy: StrictBool
    """Whether the version is fit to answer."""

    reason: Annotated[str, Field(strict=True, min_length=1, max_length=1000)]
    """Why; it is shown in the readiness and in events, so it must hold no personal data."""

    evidence: Annotated[str, Field(strict=True, max_length=128)] = ""
    """Id of the report that the verdict stands on."""

    judged_by: Annotated[str, Field(strict=True, max_length=255)] = ""
    """Who judges."""
