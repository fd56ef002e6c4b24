"""Every server gets the same records: its body, read back, is the frame that was sent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from benchmarks.adult.columns import CATEGORIES, FEATURES, KEY, NUMBERS
from benchmarks.adult.data import generated, keys
from benchmarks.harness.ours import OURS
from benchmarks.harness.servers import CSV, PARQUET, RECORD, Server
from benchmarks.peers import HELLO, PEERS

ROWS = 5
SERVERS = (OURS, *PEERS)
FILES = (CSV, PARQUET)


def _with(wanted: Callable[[str], bool]) -> list[Any]:
    return [
        pytest.param(server, form, id=f"{server.name}-{form}")
        for server in SERVERS
        for form in server.forms
        if wanted(form)
    ]


JSON_FORMS = _with(lambda form: form not in FILES)
FILE_FORMS = _with(lambda form: form in FILES)


def _v2(document: Any) -> list[dict[str, Any]]:
    columns = {each["name"]: each["data"] for each in document["inputs"]}
    return pd.DataFrame(columns).to_dict("records")


def _split(document: Any) -> list[dict[str, Any]]:
    split = document["dataframe_split"]
    return [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]


# How each kind of document names its records.
READERS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "inputs": _v2,
    "dataframe_split": _split,
    "dataframe_records": lambda document: document["dataframe_records"],
    "instances": lambda document: document["instances"][0],
    "records": lambda document: document["records"],
}


def read(body: bytes) -> list[dict[str, Any]]:
    document = json.loads(body)
    if isinstance(document, list):
        return document
    reader = next((READERS[name] for name in READERS if name in document), None)
    return [document] if reader is None else reader(document)


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = generated(ROWS)
    rows.insert(0, KEY, keys(ROWS))
    return rows[[KEY, *FEATURES]]


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_every_server_takes_one_record(server: Server) -> None:
    assert RECORD in server.forms


@pytest.mark.parametrize(("server", "form"), JSON_FORMS)
def test_a_json_body_holds_every_value_of_every_record(
    server: Server, form: str, frame: pd.DataFrame
) -> None:
    part = frame[:1] if form == RECORD else frame
    # Only our own service keeps scores, so only it has to know which record each belongs to.
    names = [KEY, *FEATURES] if server is OURS else list(FEATURES)
    assert read(server.forms[form].encode(part)) == part[names].to_dict("records")


@pytest.mark.parametrize(("server", "form"), FILE_FORMS)
def test_a_file_holds_the_same_records(server: Server, form: str, frame: pd.DataFrame) -> None:
    names = [KEY, *FEATURES] if server is OURS else list(FEATURES)
    body = io.BytesIO(server.forms[form].encode(frame))
    found = pd.read_parquet(body) if form == PARQUET else pd.read_csv(body, keep_default_na=False)
    pd.testing.assert_frame_equal(found, frame[names])


def test_the_yardstick_takes_no_records() -> None:
    assert not HELLO.forms


def test_made_up_rows_have_the_shape_of_the_real_ones() -> None:
    rows = generated(2000)
    assert tuple(rows.columns[:-1]) == FEATURES
    for name, (least, most) in NUMBERS.items():
        assert rows[name].between(least, most).all()
    for name, values in CATEGORIES.items():
        assert set(rows[name]) == set(values)
    assert 0.1 < (rows["income"] == ">50K").mean() < 0.4


def test_keys_are_distinct_and_go_on_where_they_ended() -> None:
    assert [*keys(2), *keys(1, 2)] == ["A-0000000", "A-0000001", "A-0000002"]
