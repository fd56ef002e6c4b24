"""What a user of tritonclient does; prints what it got as JSON."""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.http import InferenceServerClientPlugin
from tritonclient.utils import InferenceServerException

KINDS = {
    "order_id": ("BYTES", np.object_),
    "amount": ("FP64", np.float64),
    "items": ("INT64", np.int64),
    "channel": ("BYTES", np.object_),
    "express": ("BOOL", np.bool_),
    "discount": ("FP64", np.float64),
}
given = json.load(sys.stdin)
name, records = given["model"], given["records"]
client = triton.InferenceServerClient(given["url"].removeprefix("http://"))


class Bearer(InferenceServerClientPlugin):
    """Shows the key with every request, as the documentation of the client says."""

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {given['key']}"


def tensors(rows, *, binary):
    inputs = []
    for field, (datatype, kind) in KINDS.items():
        if not binary and any(row[field] is None for row in rows):
            continue  # NaN is no JSON; the field is nullable and may be left out
        values = [np.nan if row[field] is None else row[field] for row in rows]
        tensor = triton.InferInput(field, [len(rows), 1], datatype)
        tensor.set_data_from_numpy(np.array(values, kind).reshape(-1, 1), binary_data=binary)
        inputs.append(tensor)
    return inputs


def values(result, output):
    # A text is bytes when it came as a binary tensor, and str when it came as JSON.
    rows = result.as_numpy(output).tolist()
    return [[each.decode() if isinstance(each, bytes) else each for each in row] for row in rows]


def outcome(result):
    return {
        "predict": values(result, "predict"),
        "probability": values(result, "probability"),
        "response": {
            key: value for key, value in result.get_response().items() if key != "outputs"
        },
    }


without_key = ""
if "key" in given:
    try:
        client.infer(name, tensors(records[:1], binary=True))
    except InferenceServerException as raised:
        without_key = raised.message()
    client.register_plugin(Bearer())
complete = [row for row in records if row["discount"] is not None]
names = ("predict", "probability", "predict_proba", "score_id")
every = client.infer(
    name,
    tensors(records, binary=True),
    outputs=[triton.InferRequestedOutput(each) for each in names],
)
plain = client.infer(
    name,
    tensors(complete, binary=False),
    outputs=[triton.InferRequestedOutput(each, binary_data=False) for each in names[:2]],
)
try:
    bad = dict(complete[0], channel="fax")
    client.infer(name, tensors([bad], binary=True))
    error = ""
except InferenceServerException as raised:
    error = raised.message()

print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "model_ready": client.is_model_ready(name),
            "server": client.get_server_metadata(),
            "model": client.get_model_metadata(name),
            "index": client.get_model_repository_index(),
            "default": outcome(client.infer(name, tensors(records, binary=True))),
            "all": {each: values(every, each) for each in names},
            "json": {"rows": len(complete), **outcome(plain)},
            "one": outcome(
                client.infer(
                    name,
                    tensors(records[:1], binary=True),
                    model_version=given["version"],
                    request_id="seven",
                )
            ),
            "compressed": outcome(
                client.infer(
                    name,
                    tensors(records * 20, binary=True),
                    request_compression_algorithm="gzip",
                    response_compression_algorithm="gzip",
                )
            ),
            "error": error,
            "without_key": without_key,
        }
    )
)
