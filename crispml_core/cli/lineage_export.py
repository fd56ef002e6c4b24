"""``crispml lineage export``: runs as OpenLineage events, to a file or to an HTTP endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crispml_core.cli.parameters import MOMENT
from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.openlineage import run_events

if TYPE_CHECKING:
    from crispml_core.domain.datasets import DataSet
    from crispml_core.domain.runs import Run

_TIMEOUT_S = 10.0


@click.command(
    "export",
    cls=ServiceVerb,
    example="crispml lineage export --to events.ndjson --since 2026-01-01",
)
@click.option(
    "--to", required=True, metavar="FILE|URL", help="A file, one event per line, or an endpoint."
)
@click.option("--use-case", help="Only runs of this use case.")
@click.option("--since", type=MOMENT, help="Only runs that were made from this moment on, UTC.")
@click.option("--namespace", default="crispml", show_default=True, help="Of jobs and data sets.")
@click.pass_obj
def export(
    session: Session, to: str, use_case: str | None, since: datetime | None, namespace: str
) -> None:
    """Write the runs of the training service as OpenLineage events, oldest first.

    An event that is exported again has the same ids. Nothing is sent unless this is called.
    """
    runs = list(_runs(session, use_case, since))[::-1]
    find = cache(lambda name: _dataset(session, name))
    events = [event for run in runs for event in run_events(run, namespace, find)]
    if to.startswith(("http://", "https://")):
        _send(session, to, events)
    else:
        _write(Path(to), events)
    if not session.out.emit({"runs": len(runs), "events": len(events), "to": to}):
        session.out.line(f"{len(events)} events of {len(runs)} runs")


def _runs(session: Session, use_case: str | None, since: datetime | None) -> Iterator[Run]:
    for run in session.client.training.runs(use_case=use_case):
        if since is not None and run.created_at < since:
            return
        yield run


def _dataset(session: Session, name: str) -> DataSet | None:
    from crispml_core.client import RequestRefused

    try:
        return session.client.training.dataset(name)
    except RequestRefused as error:
        if error.status != 404:
            raise
        return None


def _write(file: Path, events: list[dict[str, Any]]) -> None:
    import msgspec

    file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))


def _send(session: Session, url: str, events: list[dict[str, Any]]) -> None:
    import httpx

    done = 0
    with _client(session, httpx.Client) as client:
        for event in events:
            try:
                answer = client.post(url, json=event)
            except (httpx.HTTPError, httpx.InvalidURL):
                raise Failure(f"the endpoint does not answer; {done} events were sent") from None
            if answer.is_error:
                raise Failure(
                    f"the endpoint answered {answer.status_code}; {done} events were sent"
                )
            done += 1


def _client(session: Session, make: Callable[..., Any]) -> Any:
    return make(timeout=_TIMEOUT_S, transport=session.transport, follow_redirects=False)
