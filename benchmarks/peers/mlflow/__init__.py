"""MLflow's scoring server, as ``mlflow models serve`` starts it."""

from collections.abc import Callable

import pandas as pd

from benchmarks.adult.columns import FEATURES
from benchmarks.harness.forms import csv, from_json, parquet, records, second_column, to_json
from benchmarks.harness.servers import CSV, PARQUET, RECORD, RECORDS, Form, Server, Start


def _split(frame: pd.DataFrame) -> bytes:
    rows = [list(row.values()) for row in records(frame)]
    return to_json({"dataframe_split": {"columns": list(FEATURES), "data": rows}})


def _form(encode: Callable[[pd.DataFrame], bytes], content_type: str = "application/json") -> Form:
    return Form(
        path="/invocations",
        content_type=content_type,
        encode=encode,
        decode=lambda body: second_column(from_json(body)["predictions"]),
    )


def _command(start: Start) -> list[str]:
    mlflow = start.python.removesuffix("python") + "mlflow"
    model = str(start.folder / "mlflow")
    options = ["--env-manager", "local", "--workers", "1", "--port", str(start.port)]
    return [mlflow, "models", "serve", "--model-uri", model, *options]


MLFLOW = Server(
    name="mlflow",
    title="MLflow",
    environment="mlflow",
    command=_command,
    # The command starts its server through the shell, which must find this environment first.
    variables=lambda start: {"PATH": f"{start.python.removesuffix('/python')}:/usr/bin:/bin"},
    ready="/ping",
    forms={
        RECORD: _form(_split),
        RECORDS: _form(lambda frame: to_json({"dataframe_records": records(frame)})),
        "split": _form(_split),
        CSV: _form(csv, "text/csv"),
        PARQUET: _form(parquet, "application/vnd.apache.parquet"),
    },
    packages=("mlflow", "scikit-learn", "pandas", "fastapi", "uvicorn"),
)
