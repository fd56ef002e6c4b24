"""Both services behind one object."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from crispml_core.client.http import ServiceConnection
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.tls import ClientTls
from crispml_core.client.training import TrainingClient

TRAINING_URL = "http://127.0.0.1:8101"
SCORING_URL = "http://127.0.0.1:8102"


class CrispMLClient:
    """A synchronous client of the training and the scoring service.

    No request is sent before a call needs it, so a caller of one service may leave the other out.

    Parameters
    ----------
    training_url, scoring_url : str
        Addresses of the services, without the API path.
    timeout_s : float
        Longest silence of a service within one answer.
    retries : int
        How many more times a request is tried that is safe to repeat.
    credential : str, optional
        An API key, or a token of the OpenID provider; sent with every call.
    tls : ClientTls, optional
        Files for services that speak TLS; the CAs of the system are trusted without it.
    request_id : str, optional
        Sent with every call (letters, digits, ``.``, ``_`` and ``-``), so that the logs of both
        services, the runs and the scores name it; by default each call has one of its own.
    transport : httpx.BaseTransport, optional
        Replaces the network, for tests.

    Examples
    --------
    ::

        with CrispMLClient("http://127.0.0.1:8101", "http://127.0.0.1:8102") as client:
            run = client.training.wait(client.training.cycle("german_credit", promote=True))
            answer = client.scoring.score("german_credit", [record])
    """

    def __init__(
        self,
        training_url: str = TRAINING_URL,
        scoring_url: str = SCORING_URL,
        *,
        timeout_s: float = 60.0,
        retries: int = 4,
        credential: str | None = None,
        tls: ClientTls | None = None,
        request_id: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "timeout_s": timeout_s,
            "retries": retries,
            "credential": credential,
            "tls": tls,
            "request_id": request_id,
            "transport": transport,
        }
        self.training = TrainingClient(ServiceConnection("training", training_url, **options))
        self.scoring = ScoringClient(ServiceConnection("scoring", scoring_url, **options))

    def close(self) -> None:
        """Close every connection."""
        self.training.connection.close()
        self.scoring.connection.close()

    def __enter__(self) -> CrispMLClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
