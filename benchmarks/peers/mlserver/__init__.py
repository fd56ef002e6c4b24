"""MLServer with its scikit-learn runtime, without and with adaptive batching."""

from functools import partial

import numpy as np
import pandas as pd

from benchmarks.harness.forms import from_json, second_column, to_json, v2_inputs
from benchmarks.harness.servers import RECORD, V2, Form, Server, Start


def _encode(frame: pd.DataFrame) -> bytes:
    return to_json({"parameters": {"content_type": "pd"}, "inputs": v2_inputs(frame)})


def _decode(body: bytes) -> np.ndarray:
    return second_column(from_json(body)["outputs"][0]["data"])


def _command(kind: str, start: Start) -> list[str]:
    return [start.python.removesuffix("python") + "mlserver", "start", str(start.folder / kind)]


def _variables(start: Start) -> dict[str, str]:
    grpc, metrics = start.more_ports
    return {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(start.port),
        "MLSERVER_GRPC_PORT": str(grpc),
        "MLSERVER_METRICS_PORT": str(metrics),
    }


_FORM = Form(path="/v2/models/adult/infer", encode=_encode, decode=_decode)


def _server(name: str, title: str, kind: str, *, batches: bool) -> Server:
    return Server(
        name=name,
        title=title,
        environment="mlserver",
        command=partial(_command, kind),
        variables=_variables,
        ready="/v2/models/adult/ready",
        forms={RECORD: _FORM, V2: _FORM},
        batches=batches,
        packages=("mlserver", "mlserver-sklearn", "scikit-learn", "pandas", "uvloop"),
    )


PLAIN = _server("mlserver", "MLServer", "plain", batches=False)
BATCHING = _server("mlserver_batching", "MLServer, batching", "batching", batches=True)
