"""One record per request in the Open Inference Protocol V2."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.names import OPEN_INFERENCE
from loadtest.scenarios.open_loop import OpenLoopUser
from loadtest.tensors import infer_request, infer_scores


class OpenInference(OpenLoopUser):
    """Scores as a client of Triton, KServe or MLServer does."""

    weight = 2
    name = OPEN_INFERENCE

    def ask(self, due: float) -> None:
        """Send a record as tensors."""
        load = self.load
        (drawn,) = load.records.batch(1)
        keys = [drawn.values.get(load.use_case.record_key)]

        def read(content: bytes) -> None:
            for score in infer_scores(msgspec.json.decode(content, type=dict[str, Any]), keys):
                load.collector.tell(*score)

        self.send(
            self.name,
            f"{load.scoring_url}/v2/models/{load.settings.use_case}/infer",
            msgspec.json.encode(infer_request(load.use_case, [drawn.values])),
            due=due,
            is_valid=not drawn.broken,
            records=1,
            read=read,
        )
