"""One trace leads from a program through its client and the services to the statements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest

from crispml_core.cli.services import Services, local_settings, make_stores
from tests.collector import Collector

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patience.py'}:patience"
SCORE = "/api/v1/use-cases/patience/new-data-score"
TRACE = "0af7651916cd43dd8448eb211c80319c"
RECORD = {"id": 4711, "x": 0.5}

# A program of an enterprise, which makes traces of its own.
PROGRAM = """
import json, os
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from crispml_core.client import CrispMLClient

provider = TracerProvider(resource=Resource({"service.name": "loans"}))
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(os.environ["COLLECTOR"])))
trace.set_tracer_provider(provider)
with trace.get_tracer("loans").start_as_current_span("decide") as span:
    with CrispMLClient(scoring_url=os.environ["SCORING"], request_id="loan-1") as client:
        CALLS
print(json.dumps(f"{span.get_span_context().trace_id:032x}"))
"""


class World:
    def __init__(self, services, collector):
        self.services, self.collector = services, collector
        self.scoring = services.urls["scoring"]

    def program(self, calls):
        """Run some calls inside a program that makes traces, and return the spans of its trace."""
        code = PROGRAM.replace("CALLS", textwrap.indent(textwrap.dedent(calls), " " * 8).strip())
        environment = os.environ | {"COLLECTOR": self.collector.url, "SCORING": self.scoring}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return self.collector.of_trace(
            json.loads(done.stdout),
            lambda spans: any(span.facts.get("http.route") for span in spans),
        )

    def post(self, **headers):
        return httpx.post(f"{self.scoring}{SCORE}", json=RECORD, headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    with Collector() as collector:
        settings = local_settings(folder, [USE_CASE]) | {
            "CRISPML_TRACING__URL": collector.url,
            "CRISPML_TRACING__RATIO": "0",
        }
        make_stores(settings)
        with (
            Services(folder, settings) as services,
            services.client() as client,
        ):
            run = client.training.cycle("patience", promote=True)
            assert client.training.wait(run).result["promoted"]
            yield World(services, collector)


def chain(spans, last):
    """Return the names of the spans from the root to the one of a name."""
    by_id = {span.span_id: span for span in spans}
    (span,) = [span for span in spans if span.name == last]
    names = [span.name]
    while span.parent_id:
        span = by_id[span.parent_id]
        names.append(span.name)
    return names[::-1]


def test_a_score_is_followed_from_the_program_to_the_statement(world):
    spans = world.program('client.scoring.score("patience", [{"id": 4711, "x": 0.5}])')

    server = f"POST {SCORE.replace('patience', '{use_case}')}"
    assert chain(spans, "APPEND score_groups") == [
        "decide",
        "POST",
        server,
        "commit scores",
        "APPEND score_groups",
    ]
    assert chain(spans, "ask version")[:3] == ["decide", "POST", server]
    found = {span.name: span for span in spans}
    assert {found["decide"].service, found[server].service} == {"loans", "crispml-scoring"}
    assert found[server].facts["http.response.status_code"] == 200
    assert found[server].facts["crispml.request_id"] == "loan-1"
    assert found["APPEND score_groups"].facts["db.system.name"] == "sqlite"


def test_statements_that_are_executed_for_a_request_are_its_parts(world):
    spans = world.program('list(client.scoring.scores(use_case="patience", record_key="4711"))')

    (select, *_) = [s for s in spans if s.facts.get("db.operation.name") == "SELECT"]
    assert chain([s for s in spans if s.name != select.name] + [select], select.name)[-2:] == [
        "GET /api/v1/scores",
        select.name,
    ]
    assert "4711" not in json.dumps([span.facts for span in spans])


def test_a_refusal_is_a_part_with_its_status(world):
    spans = world.program(
        """
        try:
            client.scoring.score("patience", [{"id": 1, "x": "Erika"}])
        except Exception:
            pass
        """
    )

    (server,) = [span for span in spans if span.facts.get("http.route")]
    (call,) = [span for span in spans if span.name == "POST"]
    assert server.facts["http.response.status_code"] == 422
    assert call.failed
    assert not server.failed, "what the caller did wrong is no failure of the service"


def test_requests_that_share_a_commit_are_linked(world):
    many = """
    from concurrent.futures import ThreadPoolExecutor
    from opentelemetry import context
    here = context.get_current()
    def score(number):
        context.attach(here)
        client.scoring.score("patience", [{"id": number, "x": 0.5}])
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(score, range(200)))
    """
    trace_id = world.program(many)[0].trace_id

    def all_kept(spans):
        commits = [span for span in spans if span.name == "commit scores"]
        return sum(1 + len(span.links) for span in commits) == 200

    spans = world.collector.of_trace(trace_id, all_kept)
    assert any(span.links for span in spans if span.name == "commit scores")


def test_who_does_not_trace_gets_its_answer_on_the_short_way(world):
    before = len(world.collector.spans)
    answers = [world.post(), world.post(traceparent=f"00-{TRACE}-00f067aa0ba902b7-00")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["traceparent"].startswith(f"00-{TRACE}")
    world.program('client.scoring.score("patience", [{"id": 1, "x": 0.5}])')
    assert not [s for s in world.collector.spans[before:] if s.trace_id == TRACE]


def test_the_answer_carries_the_span_on_to_whoever_reads_it(world):
    parent = "00f067aa0ba902b8"
    answer = world.post(traceparent=f"00-{TRACE}-{parent}-01")

    version, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    spans = world.collector.of_trace(TRACE, lambda found: any(s.span_id == span_id for s in found))
    (server,) = [span for span in spans if span.span_id == span_id]
    assert server.parent_id == parent


def test_probes_and_scrapes_are_no_traces(world):
    before = len(world.collector.spans)
    for path in ("/livez", "/readyz", "/metrics"):
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b9-01"}
        httpx.get(world.scoring + path, headers=headers, trust_env=False)
    world.program('client.scoring.score("patience", [{"id": 1, "x": 0.5}])')

    names = {span.name for span in world.collector.spans[before:]}
    assert not [name for name in names if name.startswith("GET /")]


def test_a_run_is_a_trace_with_its_methods_and_their_statements(world):
    names = {"run cycle", "data-ingestion", "model-persist"}
    (run,) = [span for span in world.collector.spans if span.name == "run cycle"]
    spans = world.collector.of_trace(run.trace_id, lambda found: names <= {s.name for s in found})

    assert run.facts["crispml.use_case"] == "patience"
    assert run.facts["crispml.request_id"]
    assert chain([s for s in spans if s.name in names], "model-persist") == [
        "run cycle",
        "model-persist",
    ]
    assert any(span.facts.get("db.operation.name") for span in spans)
