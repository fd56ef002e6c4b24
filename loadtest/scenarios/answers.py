"""Reading answers: each score in them was told to a client and has to be in the ledger."""

from __future__ import annotations

import msgspec

from loadtest.scenarios.http_user import BrokenAnswer
from loadtest.scenarios.load_process import LoadProcess


class TheScore(msgspec.Struct):
    """One score of an answer."""

    score_id: str
    record_key: str
    prediction: str | float
    probability: float | None = None
    version: str | None = None


class TheAnswer(msgspec.Struct):
    """The answer of the method NewDataScore."""

    version: str
    scores: list[TheScore]


_decode = msgspec.json.Decoder(TheAnswer).decode


def tell_scores(load: LoadProcess, content: bytes, rows: int) -> list[TheScore]:
    """Keep the scores of an answer, and return them.

    Raises
    ------
    BrokenAnswer
        If there are not as many as records were sent.
    """
    answer = _decode(content)
    if len(answer.scores) != rows:
        raise BrokenAnswer("not as many scores as records")
    for score in answer.scores:
        load.collector.tell(
            score.score_id,
            score.record_key,
            score.prediction,
            score.probability,
            score.version or answer.version,
        )
    return answer.scores
