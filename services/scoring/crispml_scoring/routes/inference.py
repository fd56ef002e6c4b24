"""The Open Inference Protocol V2, so that clients of Triton, KServe and MLServer work unchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core import __version__
from crispml_core.domain.errors import NotFound
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.access import Permission
from crispml_core.rest.access.caller import visible_to
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.content import JSON
from crispml_core.rest.dialects import v2
from crispml_core.rest.dialects.v2_request import InferRequest, read_records, read_request
from crispml_core.rest.dialects.v2_response import check_outputs, infer_response
from crispml_core.rest.docs import body
from crispml_core.rest.formats.facts import fact_headers
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.spooled import spooled
from crispml_core.rest.strict_json import parse_json
from crispml_core.rest.tracing import traceparent_of
from crispml_core.serving.answering import COLUMN_ROWS
from crispml_core.serving.scored import ScoreCall
from crispml_scoring.parts import parts_of
from crispml_scoring.record_decoders import column_reader_of, tensor_columns_of

PREFIX = "/v2"
_LENGTH = "inference-header-content-length"
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string"},
        "parameters": {"type": "object"},
        "data": {"type": "array", "items": {}},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
_BODY = body(
    {JSON: _REQUEST, "application/octet-stream": {"type": "string", "format": "binary"}},
    "One tensor per field, or one tensor of all fields; JSON, or JSON with binary tensors behind.",
)


def inference_router() -> APIRouter:
    """Return the routes of the protocol."""
    router = APIRouter(prefix=PREFIX, tags=["Open Inference Protocol"], route_class=GuardedRoute)

    @router.get("", summary="Server metadata")
    async def server_metadata() -> Response:
        """Return name, version and extensions of the server."""
        return _json(v2.server_metadata("crispml-scoring", __version__))

    @router.get("/health/live", summary="Is the server alive?")
    async def server_live() -> Response:
        """Answer 200 as long as the process answers at all."""
        return _json(v2.server_live())

    @router.get("/health/ready", summary="Are all models ready?")
    def server_ready(request: Request) -> Response:
        """Answer 200 when every use case has a version that serves."""
        models = parts_of(request).engine.models
        is_ready = all(models.find(name, CHAMPION) for name in models.status())
        return _json(v2.server_ready(is_ready), 200 if is_ready else 503)

    for path in ("/models/{model}", "/models/{model}/versions/{version}"):
        _add_model_routes(router, path, "" if path.endswith("{model}") else "version_")

    @router.post("/repository/index", summary="List models and versions")
    async def repository_index(request: Request) -> Response:
        """Return every version in the registry; ready are those that an alias serves."""
        body = await request.body()
        wanted = parse_json(body) if body else {}
        only_ready = isinstance(wanted, dict) and wanted.get("ready") is True
        entries = await run_in_threadpool(_index, request)
        return _json(v2.repository_index(entries, only_ready=only_ready))

    return router


def _add_model_routes(router: APIRouter, path: str, prefix: str) -> None:
    # One function serves both addresses: a version in the path is a parameter that may be absent.
    async def metadata(request: Request, model: str, version: str | None = None) -> Response:
        """Return the inputs and the outputs of a model."""
        use_case = _use_case(request, model)
        active = await parts_of(request).engine.active(_call(request, model, version))
        names = await run_in_threadpool(_versions, request, model)
        if version is not None:
            names = [active.served.version]
        return _json(v2.model_metadata(model, names, use_case.schema, active.served.classes))

    async def ready(request: Request, model: str, version: str | None = None) -> Response:
        """Answer 200 when the model can serve."""
        if model not in parts_of(request).use_cases:
            raise NotFound("model")  # everybody may ask: nobody is told which ones there are
        await parts_of(request).engine.active(_call(request, model, version))
        return _json(v2.model_ready(model, True))

    async def infer(request: Request, model: str, version: str | None = None) -> Response:
        """Score the records in the tensors; the scores are durable like all others.

        The id of one score is in the parameters of the answer. For many, the parameters hold the
        first one and their number, and the output `score_id` has them all.
        """
        return await _infer(request, model, version)

    keep_version = prefix != ""
    for name, endpoint, method, suffix, summary in (
        ("model_metadata", metadata, "GET", "", "Model metadata"),
        ("model_ready", ready, "GET", "/ready", "Is the model ready?"),
        ("infer", infer, "POST", "/infer", "Score records"),
    ):
        router.add_api_route(
            path + suffix,
            endpoint if keep_version else _without_version(endpoint),
            methods=[method],
            name=prefix + name,
            summary=summary,
            openapi_extra=_BODY if method == "POST" else None,
        )


def _without_version(endpoint: Any) -> Any:
    async def without(request: Request, model: str) -> Response:
        response: Response = await endpoint(request, model)
        return response

    without.__doc__ = endpoint.__doc__
    return without


async def _infer(request: Request, model: str, version: str | None) -> Response:
    engine, settings = parts_of(request).engine, request.app.state.settings
    use_case = _use_case(request, model)
    async with spooled(request, JSON, settings.server) as content:
        wanted, records = await run_in_threadpool(
            _read,
            use_case,
            content.bytes(),
            request.headers.get(_LENGTH),
            settings.server.max_records,
        )
    check_outputs(wanted, use_case.target.classes)
    call = replace(_call(request, model, version), **_options(wanted, version))
    scored = await engine.score(call, records)
    answer, headers = await run_in_threadpool(infer_response, scored, wanted, model)
    response = Response(answer)
    response.raw_headers.extend([*headers, *fact_headers(scored)])
    return response


def _read(
    use_case: UseCase, content: bytes, header_length: str | None, max_rows: int
) -> tuple[InferRequest, Any]:
    if header_length is None:
        fast = tensor_columns_of(use_case).read(content, max_rows)
        if fast is not None:
            return fast
    wanted = read_request(content, header_length)
    checked = read_records(wanted, column_reader_of(use_case), max_rows)
    return wanted, checked.rows() if len(checked) < COLUMN_ROWS else checked.batch()


def _options(wanted: InferRequest, version: str | None) -> dict[str, Any]:
    """Return what the parameters of a request say about the call."""
    given = wanted.parameters or {}
    options: dict[str, Any] = {}
    if isinstance(alias := given.get("alias"), str) and version is None:
        options["alias"] = alias
    if given.get("explain") is True:
        options["explain"] = True
    level = given.get("interval")
    if isinstance(level, int | float) and not isinstance(level, bool):
        options["interval"] = float(level)
    return options


def _call(request: Request, model: str, version: str | None) -> ScoreCall:
    return ScoreCall(
        use_case=model,
        version=version,
        request_id=request_id_of(request.scope),
        traceparent=traceparent_of(request.scope),
    )


def _use_case(request: Request, model: str) -> UseCase:
    use_cases = parts_of(request).use_cases
    if model not in use_cases:
        raise NotFound("model", use_cases)
    return use_cases[model]


def _versions(request: Request, model: str) -> list[str]:
    return [manifest.version for manifest in parts_of(request).models.versions(model)]


def _index(request: Request) -> list[v2.IndexEntry]:
    parts, seen = parts_of(request), visible_to(request, Permission.DESCRIBE)
    serving = {name: set(found.values()) for name, found in parts.engine.models.serving().items()}
    failures = parts.engine.models.fallbacks()
    return [
        v2.IndexEntry(
            name,
            version,
            "READY" if version in serving.get(name, ()) else "UNAVAILABLE",
            "" if version in serving.get(name, ()) else failures.get(name, "no alias serves it"),
        )
        for name in parts.use_cases
        if seen is None or name in seen
        for version in _versions(request, name)
    ]


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type=JSON)
