"""KServe's model server with a scikit-learn model, over its protocols V1 and V2."""

import numpy as np
import pandas as pd

from benchmarks.harness.forms import from_json, records, second_column, to_json, v2_inputs
from benchmarks.harness.servers import RECORD, RECORDS, V2, Form, Server


def _v2(frame: pd.DataFrame) -> bytes:
    return to_json({"parameters": {"content_type": "pd"}, "inputs": v2_inputs(frame)})


def _decode_v2(body: bytes) -> np.ndarray:
    return second_column(from_json(body)["outputs"][0]["data"])


# One instance that is a list of records: the server makes one frame of each instance.
_V1 = Form(
    path="/v1/models/adult:predict",
    encode=lambda frame: to_json({"instances": [records(frame)]}),
    decode=lambda body: second_column(from_json(body)["predictions"]),
)

KSERVE = Server(
    name="kserve",
    title="KServe",
    environment="kserve",
    command=lambda start: [
        *(start.python, "benchmarks/peers/kserve/serve.py"),
        *(f"--http_port={start.port}", f"--grpc_port={start.more_ports[0]}"),
        *(f"--model_file={start.folder / 'model.joblib'}", "--enable_docs_url=False"),
    ],
    ready="/v1/models/adult",
    forms={
        RECORD: _V1,
        RECORDS: _V1,
        V2: Form(path="/v2/models/adult/infer", encode=_v2, decode=_decode_v2),
    },
    packages=("kserve", "scikit-learn", "pandas", "fastapi", "uvicorn"),
)
