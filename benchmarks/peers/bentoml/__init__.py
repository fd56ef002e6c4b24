"""BentoML, without and with adaptive batching."""

from functools import partial

from benchmarks.harness.forms import from_json, records, second_column, to_json
from benchmarks.harness.servers import RECORD, RECORDS, Form, Server, Start


def _command(service: str, start: Start) -> list[str]:
    bentoml = start.python.removesuffix("python") + "bentoml"
    folder = "benchmarks/peers/bentoml"
    options = ["--working-dir", folder, "--port", str(start.port), "--host", "127.0.0.1"]
    return [bentoml, "serve", f"serve:{service}", *options]


_FORM = Form(
    path="/predict",
    encode=lambda frame: to_json({"records": records(frame)}),
    decode=lambda body: second_column(from_json(body)),
)


def _server(name: str, title: str, service: str, *, batches: bool) -> Server:
    return Server(
        name=name,
        title=title,
        environment="bentoml",
        command=partial(_command, service),
        variables=lambda start: {
            "BENCH_MODEL": str(start.folder / "model.joblib"),
            "BENTOML_HOME": str(start.folder / "home"),
            "BENTOML_DO_NOT_TRACK": "True",
        },
        ready="/readyz",
        forms={RECORD: _FORM, RECORDS: _FORM},
        batches=batches,
        packages=("bentoml", "scikit-learn", "pandas"),
    )


PLAIN = _server("bentoml", "BentoML", "Plain", batches=False)
BATCHING = _server("bentoml_batching", "BentoML, batching", "Batching", batches=True)
