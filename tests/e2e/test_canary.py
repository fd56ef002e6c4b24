"""No value of a person and no secret comes out where it does not belong.

Values that occur nowhere else go in by every door, with requests that succeed, are refused and
fail. Afterwards they are looked for in the pages of the database, the logs, the metrics, the
traces, the points of the timing log, the messages, the errors and the reports, in the spellings
that an encoder gives them.
"""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.serving.stored_inputs import unpack_rows
from crispml_core.tables.row_images import unpack_arrow
from tests.collector import Collector
from tests.receiver import Receiver
from tests.spellings import spellings

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'persons.py'}:persons"
SCORE, LABEL = (f"/api/v1/use-cases/persons/new-data-{what}" for what in ("score", "label"))

NAME, EMAIL = "Kanaria Zwitscherling", "kanaria.zwitscherling@vogel.example"
STREET, BORN, INCOME = "Zwitscherlingsgasse 73", "1913-03-07", 7391826.5
CUSTOMER = "kunde-kanaria-7391"
PERSON = {
    "customer": CUSTOMER,
    "name": NAME,
    "email": EMAIL,
    "street": STREET,
    "born": BORN,
    "income": INCOME,
    "region": "north",
}
SECRETS = {
    "token": "influx-geheim-73",
    "header": "otel-geheim-73",
    "webhook": "w" * 20 + "geheim73",
}
# What the policies let through: a person's income is kept, in the database and nowhere else.
IN_THE_DATABASE = {"income"}
CANARIES = {
    "name": "Zwitscherling",
    "email": "vogel.example",
    "street": "Zwitscherlingsgasse",
    "born": BORN,
    "income": "7391826",
    "key": "kunde-kanaria",
    **SECRETS,
}


def write_people(file: Path) -> None:
    """Write training data, in which every person has the canary in their texts."""
    chance = np.random.default_rng(7)
    with file.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow([*PERSON, "bad"])
        for number in range(600):
            income = float(np.round(chance.lognormal(8, 0.5), 2))
            bad = int(chance.random() < 1 / (1 + np.exp((income - 3000) / 500)))
            texts = [f"{CUSTOMER}-{number}", NAME, EMAIL, STREET, BORN]
            writer.writerow([*texts, income, ["north", "south"][number % 2], bad])
        writer.writerow([f"{CUSTOMER}-last", NAME, EMAIL, STREET, BORN, INCOME, "south", 0])


def hostile_scores():
    """Yield bodies that are refused or fail, each with the canary in it."""
    yield json.dumps(PERSON)[:-5].encode(), "application/json"
    yield json.dumps(PERSON | {"income": NAME}).encode(), "application/json"
    yield json.dumps(PERSON | {"income": -INCOME}).encode(), "application/json"
    yield json.dumps(PERSON | {"region": STREET}).encode(), "application/json"
    yield json.dumps(PERSON | {"born": EMAIL}).encode(), "application/json"
    yield json.dumps(PERSON | {NAME: 1}).encode(), "application/json"
    yield json.dumps(PERSON | {"customer": CUSTOMER * 9}).encode(), "application/json"
    yield json.dumps(PERSON | {"income": 666.0}).encode(), "application/json"  # prepare raises
    yield json.dumps([PERSON, PERSON | {"income": 666.0}]).encode(), "application/json"
    yield json.dumps({"records": [PERSON], "alias": NAME}).encode(), "application/json"
    yield (json.dumps(PERSON) + "\n" + NAME).encode(), "application/x-ndjson"
    yield f"{','.join(PERSON)}\n{','.join(map(str, PERSON.values()))},{NAME}\n".encode(), "text/csv"
    yield f"{NAME},{EMAIL}\n{STREET},{CUSTOMER}\n".encode(), "text/csv"
    yield NAME.encode() * 100, "application/vnd.apache.parquet"
    yield NAME.encode() * 100, "application/vnd.apache.arrow.stream"
    yield json.dumps(PERSON).encode(), f"application/{quote(NAME)}"


def hostile_labels():
    label = {"record_key": CUSTOMER, "label": "1", "label_time": "2026-01-01T00:00:00Z"}
    yield json.dumps([label | {"label": NAME}]).encode(), "application/json"
    yield json.dumps([label | {"label_time": EMAIL}]).encode(), "application/json"
    yield json.dumps([label | {NAME: STREET}]).encode(), "application/json"
    yield json.dumps([label | {"source": NAME * 100}]).encode(), "application/json"
    yield f"record_key,label,label_time\n{CUSTOMER},{NAME},{BORN}\n".encode(), "text/csv"


class World:
    """Everything that came out, by the way it came."""

    def __init__(self) -> None:
        self.out: dict[str, list[bytes]] = {}

    def keep(self, channel: str, *what: bytes | str) -> None:
        texts = [w.encode() if isinstance(w, str) else w for w in what]
        self.out.setdefault(channel, []).extend(texts)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("canary")
    write_people(folder / "persons.csv")
    world, log = World(), folder / "all.log"
    with Collector() as traces, Receiver() as influx, Receiver() as hook:
        settings = local_settings(folder, [USE_CASE]) | {
            "PERSONS_CSV": str(folder / "persons.csv"),
            "CRISPML_LOG__FILE": str(log),
            "CRISPML_LOG__LEVEL": "DEBUG",
            "CRISPML_TRACING__URL": traces.url,
            "CRISPML_TRACING__HEADERS": f"authorization={SECRETS['header']}",
            "CRISPML_TRACING__RATIO": "1",
            "CRISPML_INFLUX__URL": influx.url,
            "CRISPML_INFLUX__TOKEN": SECRETS["token"],
            "CRISPML_TIMING__SLOW_CALL_S": "0.000001",
            "CRISPML_MONITOR__WEBHOOK_URL": hook.url,
            "CRISPML_MONITOR__WEBHOOK_SECRET": SECRETS["webhook"],
            "CRISPML_MONITOR__WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
        }
        make_stores(settings)
        with (
            Services(folder, settings) as services,
            services.client() as client,
        ):
            train(world, client, services, folder)
            score(world, services)
            label(world, services)
            report(world, client, services)
            for url in services.urls.values():
                metrics = httpx.get(f"{url}/metrics", trust_env=False)
                world.keep("metrics", metrics.content)
        for name in services.urls:
            world.keep("log", services.log(name).read_bytes())
    world.keep("log file", *(file.read_bytes() for file in folder.glob("all.log*")))
    world.keep("database", *(file.read_bytes() for file in folder.glob("crispml.db*")))
    world.keep("database", *inputs_of(folder / "crispml.db"))
    world.keep("traces", *traces.bodies)
    world.keep("points", *influx.bodies)
    world.keep("messages", *hook.bodies, b" ")  # no rule may have fired
    return world


def inputs_of(database: Path) -> list[str]:
    """Return the inputs of all scores in clear: the pages have them compressed."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        groups = connection.execute("SELECT inputs, encoding FROM score_groups").fetchall()
    assert {encoding for _, encoding in groups} == {"rows", "arrow"}
    readers = {"rows": unpack_rows, "arrow": unpack_arrow}
    return [str(readers[encoding](content)) for content, encoding in groups]


def train(world, client, services, folder):
    assert client.training.wait(client.training.cycle("persons", promote=True)).result["promoted"]
    broken = folder / "broken.csv"
    text = (folder / "persons.csv").read_text().splitlines()
    for line in (text[-1].replace("7391826.5", NAME), text[-1].replace("7391826.5", "666.0")):
        broken.write_text("\n".join([*text[:50], line.replace("-last", "-broken")]))
        run = client.training.upload("persons", broken)
        world.keep("errors", failed := outcome(client, run))
        if '"succeeded"' in failed:
            run = client.training.data_preparation(
                "persons", client.training.run(run.id).result["dataset_id"]
            )
            world.keep("errors", outcome(client, run))
    for arguments in (["score", "persons", str(broken)], ["ingest", "persons", str(broken)]):
        command = [sys.executable, "-m", "crispml_core.cli", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
        world.keep("errors", done.stderr)


def outcome(client, run):
    """Return what a run says of itself, however it ended."""
    try:
        client.training.wait(run)
    except Exception as error:
        said = f"{error} {getattr(error, 'errors', '')}"
    else:
        said = ""
    url = f"{client.training.url}/api/v1/runs/{run.id}"
    return said + httpx.get(url, trust_env=False).text


def score(world, services):
    url = services.urls["scoring"]
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        answer = http.post(SCORE, json=PERSON)
        assert answer.status_code == 200, answer.text
        many = [PERSON | {"customer": f"{CUSTOMER}-{number}"} for number in range(500)]
        assert http.post(SCORE, json=many).status_code == 200
        for body, kind in hostile_scores():
            answer = http.post(SCORE, content=body, headers={"Content-Type": kind})
            assert answer.status_code >= 400, (answer.status_code, body[:200])
            world.keep("errors", answer.content, str(answer.headers))
        stored = http.get("/api/v1/scores").text
        assert '"record_key":"k1.' in stored, "what was scored is stored with a pseudonym"
        world.keep("reports", stored)
        for path, options in (
            (f"/api/v1/use-cases/{quote(NAME)}/new-data-score", {}),
            (f"/api/v1/scores/{CUSTOMER}", {}),
            (f"/{quote(NAME)}", {}),
            ("/api/v1/scores", {"params": {"from": NAME}}),
            ("/api/v1/scores", {"params": {"cursor": CUSTOMER}}),
            ("/api/v1/scores", {"headers": {"X-Request-ID": f"{EMAIL} {NAME}"}}),
            (f"/v2/models/{quote(NAME)}/infer", {}),
        ):
            answer = http.get(path, **options)
            world.keep("errors", answer.content if answer.status_code >= 400 else b" ")
        infer = {"inputs": [{"name": NAME, "shape": [1], "datatype": "BYTES", "data": [EMAIL]}]}
        world.keep("errors", http.post("/v2/models/persons/infer", json=infer).content)
        world.keep("errors", http.post("/invocations", json={NAME: [PERSON]}).content)


def label(world, services):
    with httpx.Client(base_url=services.urls["scoring"], trust_env=False, timeout=30) as http:
        known = [{"record_key": f"{CUSTOMER}-{n}", "label": str(n % 2)} for n in range(500)]
        answer = http.post(LABEL, json=known)
        assert answer.status_code == 200, answer.text
        for body, kind in hostile_labels():
            answer = http.post(LABEL, content=body, headers={"Content-Type": kind})
            assert answer.status_code >= 400, (answer.status_code, body[:200])
            world.keep("errors", answer.content)


def report(world, client, services):
    """Make every report that there is, in every format."""
    (trained, *_) = client.training.reports(use_case="persons")
    world.keep("reports", client.training.report_html(trained.id))
    verified = client.scoring.verify("persons")
    for html in (client.scoring.report_html, client.scoring.report_csv):
        world.keep("reports", html(verified.id))
    (version, *_) = client.training.versions("persons")
    world.keep("reports", client.training.card_html("persons", version.version))
    world.keep("reports", client.scoring.drift_html("persons"))
    paths = {
        "training": [f"/api/v1/reports/{trained.id}", "/api/v1/runs", "/api/v1/alerts"],
        "scoring": [f"/api/v1/reports/{verified.id}", "/api/v1/serving-events"],
    }
    for service, wanted in paths.items():
        for path in wanted:
            answer = httpx.get(services.urls[service] + path, trust_env=False)
            assert answer.status_code == 200, answer.text
            world.keep("reports", answer.content)


CHANNELS = (
    "database",
    "log",
    "log file",
    "metrics",
    "traces",
    "points",
    "messages",
    "errors",
    "reports",
)


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_of_a_person_and_no_secret_comes_out(world, channel):
    came = world.out[channel]
    assert sum(map(len, came)) > 0

    found = {
        f"{what} as {spelling.decode()}"
        for what, value in CANARIES.items()
        if (channel, what) not in {("database", each) for each in IN_THE_DATABASE}
        for spelling in spellings(value)
        if any(spelling in text for text in came)
    }
    assert found == set()


def test_what_went_in_is_there_to_be_found(world):
    """Guard the others: each way out was used, and the canary did come in."""
    log = b"".join(world.out["log"])
    assert b"slow_call" in log
    errors = b"".join(world.out["errors"])
    assert b"prepare: ValueError at line" in errors, "its text quoted a value"
    assert b"crispml_method" in b"".join(world.out["points"])
    assert b"crispml_scores_total" in b"".join(world.out["metrics"])
    assert len(world.out["errors"]) > 25
    database = b"".join(world.out["database"])
    assert b"enc1." in database, "what is encrypted is stored"
    assert b"k1." in database, "and the pseudonyms are"
