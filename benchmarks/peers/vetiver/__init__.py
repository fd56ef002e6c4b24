"""vetiver's API around a scikit-learn model."""

from benchmarks.harness.forms import from_json, records, second_column, to_json
from benchmarks.harness.servers import RECORD, RECORDS, Form, Server

_FORM = Form(
    path="/predict",
    encode=lambda frame: to_json(records(frame)),
    decode=lambda body: second_column(from_json(body)["predict"]),
)

VETIVER = Server(
    name="vetiver",
    title="vetiver",
    environment="vetiver",
    command=lambda start: [
        *(start.python, "benchmarks/peers/vetiver/serve.py"),
        *(str(start.folder / "model.joblib"), str(start.port)),
    ],
    ready="/ping",
    forms={RECORD: _FORM, RECORDS: _FORM},
    packages=("vetiver", "scikit-learn", "pandas", "fastapi", "uvicorn"),
)
