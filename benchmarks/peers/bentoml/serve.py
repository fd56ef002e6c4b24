"""Two services around one model; the second collects concurrent requests."""

import os

import bentoml
import joblib
import pandas as pd


class Model:
    """The fitted pipeline."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["BENCH_MODEL"])

    def answer(self, records: list[dict]) -> list[list[float]]:
        """Return the probabilities of both classes per record."""
        return self.pipeline.predict_proba(pd.DataFrame(records)).tolist()


@bentoml.service(workers=1, traffic={"timeout": 600})
class Plain:
    """Each request is a prediction."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    def predict(self, records: list[dict]) -> list[list[float]]:
        """Answer the records of one request."""
        return self.model.answer(records)


@bentoml.service(workers=1, traffic={"timeout": 600})
class Batching:
    """Requests that come together are one prediction."""

    def __init__(self) -> None:
        self.model = Model()

    # Records as dictionaries: with a frame as input the batching hangs.
    @bentoml.api(batchable=True, max_batch_size=1000, max_latency_ms=10_000)
    def predict(self, records: list[dict]) -> list[list[float]]:
        """Answer the records of several requests."""
        return self.model.answer(records)
