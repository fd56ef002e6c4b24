"""The console as one ASGI app."""

from __future__ import annotations

import importlib.resources
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import shiny
from shiny import App
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crispml_console import __version__
from crispml_console.app.gate import Gate
from crispml_console.app.headers import Headers, policy
from crispml_console.app.metrics import Metrics
from crispml_console.app.model_files import model_files
from crispml_console.app.pages import STATIC, Pages
from crispml_console.app.sign_in import SignIn
from crispml_console.pages import PAGES
from crispml_console.parts.page import Page
from crispml_console.service.visitors import Visitors
from crispml_console.settings import Settings

PORT = 8103
_A_DAY = {"Cache-Control": "public, max-age=86400"}


def create_app(settings: Settings, pages: Sequence[Page] = PAGES) -> Starlette:
    """Return the console.

    Parameters
    ----------
    pages : sequence of Page
        In the order of the navigation.
    """
    visitors = Visitors(settings)
    metrics = Metrics(visitors)
    served = Pages(pages, settings, metrics)
    return Starlette(
        routes=[
            Route("/livez", _alive),
            Route("/startupz", _alive),
            Route("/readyz", _alive),
            Route("/version", _version),
            Route("/metrics", metrics.answer),
            Route("/favicon.ico", _icon),
            Route("/static/plotly.min.js", _package_file(_plotly())),
            Mount("/static/bootstrap", StaticFiles(directory=_bootstrap())),
            Mount("/static", StaticFiles(directory=STATIC)),
            *SignIn(settings, visitors).routes(),
            *model_files(),
            Mount("/", served),
        ],
        middleware=[
            Middleware(
                Headers, policy=policy([_empty_page(), _empty_dialog()]), is_https=settings.is_https
            ),
            Middleware(Gate, visitors=visitors, origin=settings.console.public_url),
        ],
        lifespan=lambda app: _lifespan(served.shiny, visitors, app),
    )


@asynccontextmanager
async def _lifespan(app: App, visitors: Visitors, starlette: Starlette) -> AsyncIterator[None]:
    async with app.starlette_app.router.lifespan_context(starlette):
        yield
    visitors.close()


async def _alive(request: Request) -> Response:
    return Response("ok", media_type="text/plain")


async def _icon(request: Request) -> Response:
    return RedirectResponse("/static/icon.svg", status_code=301)


async def _version(request: Request) -> Response:
    return JSONResponse({"service": "console", "version": __version__})


def _package_file(file: Path) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(FileResponse, file, headers=_A_DAY)

    return answer


def _plotly() -> Path:
    return Path(str(importlib.resources.files("plotly") / "package_data" / "plotly.min.js"))


def _bootstrap() -> Path:
    shared = importlib.resources.files("shiny") / "www" / "shared"
    return Path(str(shared / "bootstrap"))


def _empty_dialog() -> str:
    """Return a dialog without content, which brings the script that opens it."""
    return str(shiny.ui.modal())


def _empty_page() -> str:
    """Return a page without content: what Shiny itself writes into each, and nothing else."""
    page = App(shiny.ui.page_bootstrap(shiny.ui.output_ui("nothing")), None)
    return str(page.ui["html"])  # type: ignore[index]
