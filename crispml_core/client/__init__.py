"""The Python client of the two services, used by the command line, load tests and pipelines.

It speaks REST and nothing else: no file of the registry, no database, no model. It needs httpx and
msgspec and may import ``crispml_core.domain`` only, so that a caller installs a few small packages.
Answers are the values of ``domain`` where one exists, else the frozen classes of ``answers``.
"""

from crispml_core.client.answers import (
    AlgorithmInfo,
    FileScores,
    LabelAnswer,
    LabelRow,
    ModelInfo,
    ModelReport,
    ReportInfo,
    ScoreAnswer,
    ScoredRecord,
    UseCaseInfo,
)
from crispml_core.client.crispml import CrispMLClient
from crispml_core.client.errors import (
    ClientError,
    RequestRefused,
    RunNotSucceeded,
    ServiceFailed,
    ServiceUnreachable,
    UnexpectedAnswer,
    WaitTimedOut,
)
from crispml_core.client.pages import Listing, PageOf
from crispml_core.client.tls import ClientTls
from crispml_core.domain.access import Caller, KeyView, NewKey
from crispml_core.domain.alerts import Alert, AlertState, Evaluation
from crispml_core.domain.algorithms import Hyperparameter, HyperValue
from crispml_core.domain.approval import (
    ChecklistItem,
    DecisionKind,
    VersionApproval,
    VersionDecision,
)
from crispml_core.domain.audit import Checked
from crispml_core.domain.bundles import BundleImport, ImportOutcome
from crispml_core.domain.catalogue import CatalogueEntry
from crispml_core.domain.errors import InvalidInput, Problem, trace_of
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.fields import Field
from crispml_core.domain.health import HealthVerdict
from crispml_core.domain.labels import StoredLabel, Verdict
from crispml_core.domain.lineage import LineageGraph, Node, NodeKind
from crispml_core.domain.models import AliasEvent, PublishedVersion
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.retention import RetentionOutcome, RuleOutcome
from crispml_core.domain.runs import (
    CYCLE,
    METHODS,
    SCORING_METHODS,
    TRAINING_METHODS,
    MethodTiming,
    Run,
    RunError,
    RunStatus,
)
from crispml_core.domain.scores import Score
from crispml_core.domain.search import SCORINGS
from crispml_core.domain.signatures import SignedVersion

__all__ = [
    "CYCLE",
    "METHODS",
    "SCORINGS",
    "SCORING_METHODS",
    "TRAINING_METHODS",
    "Alert",
    "AlertState",
    "AlgorithmInfo",
    "AliasEvent",
    "BundleImport",
    "Caller",
    "CatalogueEntry",
    "Checked",
    "ChecklistItem",
    "ClientError",
    "ClientTls",
    "CrispMLClient",
    "DecisionKind",
    "Evaluation",
    "EventKind",
    "Field",
    "FileScores",
    "HealthVerdict",
    "HyperValue",
    "Hyperparameter",
    "ImportOutcome",
    "InvalidInput",
    "KeyView",
    "LabelAnswer",
    "LabelRow",
    "LineageGraph",
    "Listing",
    "MethodTiming",
    "ModelInfo",
    "ModelReport",
    "NewKey",
    "Node",
    "NodeKind",
    "PageOf",
    "Problem",
    "PublishedVersion",
    "ReportInfo",
    "RequestRefused",
    "RetentionOutcome",
    "RuleOutcome",
    "Run",
    "RunError",
    "RunNotSucceeded",
    "RunStatus",
    "Score",
    "ScoreAnswer",
    "ScoredRecord",
    "ServiceFailed",
    "ServiceUnreachable",
    "ServingEvent",
    "SignedVersion",
    "StoredLabel",
    "UnexpectedAnswer",
    "UseCaseInfo",
    "Verdict",
    "VerificationReport",
    "VersionApproval",
    "VersionDecision",
    "WaitTimedOut",
    "trace_of",
]
