"""The errors of the client.

::

    ClientError
    ├── ServiceUnreachable   nobody answers at the address
    ├── UnexpectedAnswer     something answers, but not CrispML
    ├── RequestRefused       status 4xx: the request has to change
    ├── ServiceFailed        status 5xx: the service has to change
    ├── RunNotSucceeded      the run ended as failed or cancelled
    └── WaitTimedOut         the run has not ended in the time the caller gave it
"""

from __future__ import annotations

from collections.abc import Sequence

from crispml_core.domain.errors import CrispMLError, Problem
from crispml_core.domain.runs import Run


class ClientError(CrispMLError):
    """Base of every error of the client.

    Parameters
    ----------
    detail : str
        One sentence for a person.
    status : int or None
        HTTP status, when there was an answer.
    code : str
        The code of the problem document, or a code of the client.
    request_id : str
        What to look for in the logs of the service.
    errors : sequence of Problem
        Findings about single records; at most the first 100.
    """

    code = "client_error"

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        errors: Sequence[Problem] = (),
    ) -> None:
        super().__init__(detail)
        self.detail, self.status, self.request_id = detail, status, request_id
        self.code = code or type(self).code
        self.errors = tuple(errors)


class ServiceUnreachable(ClientError):
    """Raised when nobody answers at the address, also after retries."""

    code = "service_unreachable"


class UnexpectedAnswer(ClientError):
    """Raised when the answer is not what the REST contract promises, for example a proxy's page."""

    code = "unexpected_answer"


class RequestRefused(ClientError):
    """Raised for a status 4xx; `detail` says what to change."""

    code = "request_refused"


class ServiceFailed(ClientError):
    """Raised for a status 5xx, also after retries."""

    code = "service_failed"


class RunNotSucceeded(ClientError):
    """Raised when a run that was waited for ended as failed or cancelled; carries the run."""

    code = "run_not_succeeded"

    def __init__(self, run: Run) -> None:
        self.run = run
        reason = run.error.message if run.error else f"the run was {run.status}"
        step = run.error.step if run.error else None
        super().__init__(
            f"{step}: {reason}" if step and step not in reason else reason,
            code=run.error.code if run.error else f"run_{run.status}",
            request_id=run.request_id,
        )


class WaitTimedOut(ClientError):
    """Raised when a run has not ended in the time the caller gave it; the run goes on."""

    code = "wait_timed_out"
