"""The Python client of the two services, used by the command line, load tests and pipelines.

It speaks REST and nothing else: no file of the registry, no database, no model. It needs httpx and
msgspec and may import ``crispml_core.domain`` only, so that a caller installs a few small packages.
Answers are the values of ``domain`` where one exists, else the frozen classes of ``answers``.
"""

from crispml_core.client.answers import (
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
from crispml_core.client.tls import ClientTls

__all__ = [
    "ClientError",
    "ClientTls",
    "CrispMLClient",
    "LabelAnswer",
    "LabelRow",
    "ModelInfo",
    "ModelReport",
    "ReportInfo",
    "RequestRefused",
    "RunNotSucceeded",
    "ScoreAnswer",
    "ScoredRecord",
    "ServiceFailed",
    "ServiceUnreachable",
    "UnexpectedAnswer",
    "UseCaseInfo",
    "WaitTimedOut",
]
