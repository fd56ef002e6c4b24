"""What a user of MLServer's codecs does; prints what it got as JSON."""

import json
import sys
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

given = json.load(sys.stdin)
records = given["records"]
base = f"{given['url']}/v2/models/{given['model']}"


def infer(request, path="/infer"):
    body = request.model_dump_json().encode()
    sent = urllib.request.Request(base + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(sent) as answer:
        return InferenceResponse.model_validate_json(answer.read())


frame = pd.DataFrame(records)
frame["order_id"], frame["channel"] = (
    frame["order_id"].astype(object),
    frame["channel"].astype(object),
)
encoded = PandasCodec.encode_request(frame)
response = infer(encoded)
decoded = PandasCodec.decode_response(response)
complete = frame[frame["discount"].notna()]
single = InferenceRequest(
    id="seven",
    inputs=[
        StringCodec.encode_input("order_id", complete["order_id"].tolist()),
        NumpyCodec.encode_input("amount", complete[["amount"]].to_numpy()),
        NumpyCodec.encode_input("items", complete[["items"]].to_numpy()),
        StringCodec.encode_input("channel", complete["channel"].tolist()),
        NumpyCodec.encode_input("express", complete[["express"]].to_numpy()),
        NumpyCodec.encode_input("discount", complete[["discount"]].to_numpy()),
    ],
)
by_codec = infer(single, f"/versions/{given['version']}/infer")
texts = frame.astype(object).where(frame.notna(), "").drop(columns="discount")
matrix = InferenceRequest(
    inputs=[
        {
            "name": "input-0",
            "shape": list(texts.shape),
            "datatype": "BYTES",
            "parameters": {"column_names": list(texts.columns)},
            "data": [str(value) for value in texts.to_numpy().ravel()],
        }
    ]
)
try:
    infer(PandasCodec.encode_request(frame.drop(columns="amount")))
    error = {}
except urllib.error.HTTPError as raised:
    error = {"status": raised.code, **json.load(raised)}

print(
    json.dumps(
        {
            "predict": decoded["predict"].tolist(),
            "probability": decoded["probability"].tolist(),
            "version": response.model_version,
            "id": by_codec.id,
            "rows": len(complete),
            "labels": StringCodec.decode_output(by_codec.outputs[0]),
            "numbers": np.ravel(NumpyCodec.decode_output(by_codec.outputs[1])).tolist(),
            "matrix": StringCodec.decode_output(infer(matrix).outputs[0]),
            "error": error,
        }
    )
)
