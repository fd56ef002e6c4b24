"""Files of a version, passed on from the training service: its bundle and its model card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextvars import copy_context

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from crispml_console.app.gate import visitor_of
from crispml_console.service.call import training
from crispml_core.client import ClientError
from crispml_core.client.training import TrainingClient

# The page of a service stands in a frame of its own, which may do nothing but be looked at.
_CARD = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_VERSION = "/files/models/{model}/versions/{version}"


def model_files() -> list[Route]:
    """Return the routes."""
    return [
        Route(f"{_VERSION}/bundle", _bundle, methods=["GET"]),
        Route(f"{_VERSION}/card", _card, methods=["GET"]),
    ]


async def _bundle(request: Request) -> Response:
    model, version = request.path_params["model"], request.path_params["version"]
    call = training(TrainingClient.open_bundle, model, version)
    try:
        passed = Passed(await run_in_threadpool(visitor_of(request.scope).run, call))
        digest = await run_in_threadpool(passed.open)
    except ClientError as error:
        return _problem(error)
    name = "".join(
        sign if sign.isalnum() or sign in "-_." else "_" for sign in f"{model}-{version}"
    )
    return StreamingResponse(
        passed.pieces(),
        media_type="application/x-tar",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.bundle.tar"',
            "ETag": f'"{digest}"',
        },
    )


async def _card(request: Request) -> Response:
    model, version = request.path_params["model"], request.path_params["version"]
    call = training(TrainingClient.card_html, model, version)
    try:
        page = await run_in_threadpool(visitor_of(request.scope).run, call)
    except ClientError as error:
        return _problem(error)
    return HTMLResponse(page, headers={"Content-Security-Policy": _CARD})


class Passed:
    """A stream of a service that is passed on, piece by piece.

    Parameters
    ----------
    opened : context manager
        Gives a digest and the pieces. A trace is begun with it, which must end in the context that
        it began in, although each piece is read by another thread.
    """

    def __init__(self, opened: AbstractContextManager[tuple[str, Iterator[bytes]]]) -> None:
        self._opened, self._context = opened, copy_context()
        self._pieces: Iterator[bytes] = iter(())

    def open(self) -> str:
        """Ask the service, and return the digest of what comes."""
        digest, self._pieces = self._context.run(self._opened.__enter__)
        return digest

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces, and close the stream at its end or when the browser goes."""
        try:
            while (piece := self._context.run(next, self._pieces, None)) is not None:
                yield piece
        finally:
            self._context.run(self._opened.__exit__, None, None, None)


def _problem(error: ClientError) -> Response:
    return PlainTextResponse(error.detail, status_code=error.status or 503)
