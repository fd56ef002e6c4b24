"""Our own scoring service as it is shipped, on a model that its own cycle trained."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.adult.columns import FEATURES, KEY
from benchmarks.harness.cores import both_cores
from benchmarks.harness.forms import csv, from_json, parquet, records, to_json, v2_inputs
from benchmarks.harness.places import HOST, ROOT, STORES
from benchmarks.harness.say import say
from benchmarks.harness.servers import CSV, PARQUET, RECORD, RECORDS, V2, Form, Server, Start
from crispml_core.cli.services import PLANS, Services, local_settings, make_stores
from crispml_core.domain.api_keys import digest_of, new_key

REFERENCE = "benchmarks.adult.use_case:adult"
_COLUMNS = (KEY, *FEATURES)
_PATH = "/api/v1/use-cases/adult/new-data-score"
_PARQUET_TYPE = "application/vnd.apache.parquet"
_copies = itertools.count(1)
# We are measured as we are shipped: each request shows who asks.
_ADMIN_KEY = new_key()[1]


def train(algorithm: str) -> Path:
    """Run the cycle for one algorithm over REST; return the folder of its stores.

    It is run anew each time, because the version holds what this code compiled.
    """
    say(f"training {algorithm} through our own cycle")
    folder = STORES / algorithm
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = {**local_settings(folder, [REFERENCE]), "PYTHONPATH": _python_path()}
    make_stores(settings)
    with (
        both_cores(),
        Services(folder, settings, PLANS[:1]) as services,
        services.client() as client,
    ):
        run = client.training.wait(
            client.training.cycle("adult", algorithms=[algorithm], promote=True)
        )
    if not run.result.get("promoted"):
        raise RuntimeError(f"the cycle of {algorithm} promoted no version")
    return folder


def fresh_stores(trained: Path) -> Path:
    """Return a copy of trained stores, so that a server starts with an empty ledger."""
    folder = STORES / f"{trained.name}-{next(_copies)}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(trained, folder)
    return folder


def _python_path() -> str:
    """Let the services find the use case; `local_settings` names it by its module."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def _settings(start: Start) -> dict[str, str]:
    return {
        **local_settings(start.folder, [REFERENCE]),
        "CRISPML_SERVER__HOST": HOST,
        "CRISPML_SERVER__PORT": str(start.port),
        "CRISPML_AUTH__MODE": "required",
        "CRISPML_AUTH__ADMIN_KEY_DIGEST": digest_of(_ADMIN_KEY),
        "PYTHONPATH": _python_path(),
    }


def _record(frame: pd.DataFrame) -> bytes:
    rows = records(frame, _COLUMNS)
    return to_json(rows[0] if len(rows) == 1 else rows)


def _read_json(body: bytes) -> np.ndarray:
    return np.array([score["probability"] for score in from_json(body)["scores"]])


def _read_table(body: bytes) -> np.ndarray:
    return pq.read_table(pa.BufferReader(body), columns=["probability"])["probability"].to_numpy()


def _read_v2(body: bytes) -> np.ndarray:
    outputs = {output["name"]: output["data"] for output in from_json(body)["outputs"]}
    return np.array(outputs["probability"], float)


def _v2(frame: pd.DataFrame) -> bytes:
    return to_json({"inputs": v2_inputs(frame, _COLUMNS)})


OURS = Server(
    name="crispml",
    title="CrispML",
    environment="",
    command=lambda start: [sys.executable, "-m", "crispml_scoring"],
    variables=_settings,
    ready="/readyz",
    forms={
        RECORD: Form(path=_PATH, credential=_ADMIN_KEY, encode=_record, decode=_read_json),
        RECORDS: Form(path=_PATH, credential=_ADMIN_KEY, encode=_record, decode=_read_json),
        V2: Form(path="/v2/models/adult/infer", credential=_ADMIN_KEY, encode=_v2, decode=_read_v2),
        CSV: Form(
            path=_PATH,
            credential=_ADMIN_KEY,
            content_type="text/csv",
            encode=lambda frame: csv(frame, _COLUMNS),
            decode=_read_json,
        ),
        PARQUET: Form(
            path=_PATH,
            credential=_ADMIN_KEY,
            content_type=_PARQUET_TYPE,
            accept=_PARQUET_TYPE,
            encode=lambda frame: parquet(frame, _COLUMNS),
            decode=_read_table,
        ),
    },
)
