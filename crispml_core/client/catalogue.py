"""The read routes that both services offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from crispml_core.client.answers import ModelInfo, ReportInfo, UseCaseInfo
from crispml_core.client.http import API, ServiceConnection, below
from crispml_core.client.pages import Listing, PageOf
from crispml_core.domain.lineage import Direction, LineageGraph, NodeKind
from crispml_core.domain.models import AliasEvent, PublishedVersion

T = TypeVar("T")


class Catalogue:
    """Use cases, models and reports of one service.

    Parameters
    ----------
    connection : ServiceConnection
        The service to ask.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        self.connection = connection

    @property
    def url(self) -> str:
        """Address of the service."""
        return self.connection.url

    def checks(self) -> dict[str, str]:
        """Return what the readiness of the service says about each of its parts.

        Raises
        ------
        ServiceFailed
            If the service is not ready.
        """
        response = self.connection.request("GET", "/readyz", params={"verbose": ""})
        return self.connection.decode(response, _Readiness).checks

    def metrics(self) -> str:
        """Return the metrics of the process that answers, as Prometheus reads them."""
        return self.connection.request("GET", "/metrics", headers={"Accept": "text/plain"}).text

    def use_cases(self) -> Listing[UseCaseInfo]:
        """Yield the use cases that the service has loaded."""
        return self._items("/use-cases", UseCaseInfo)

    def use_case(self, name: str) -> UseCaseInfo:
        """Return one use case."""
        return self.connection.get("/use-cases" + below(name), UseCaseInfo)

    def models(self, *, limit: int | None = None) -> Listing[ModelInfo]:
        """Yield the registered models."""
        return self._items("/models", ModelInfo, limit=limit)

    def versions(self, model: str, *, limit: int | None = None) -> Listing[PublishedVersion]:
        """Yield the versions of a model, newest first."""
        return self._items("/models" + below(model, "versions"), PublishedVersion, limit=limit)

    def version(self, model: str, version: str) -> PublishedVersion:
        """Return the manifest of one version and its digest."""
        return self.connection.get("/models" + below(model, "versions", version), PublishedVersion)

    def aliases(self, model: str) -> Listing[AliasEvent]:
        """Yield the newest move of every alias of a model."""
        return self._items("/models" + below(model, "aliases"), AliasEvent)

    def alias(self, model: str, alias: str, *, at: datetime | None = None) -> AliasEvent:
        """Return the newest move of an alias, or the newest until the moment `at`."""
        return self.connection.get(
            "/models" + below(model, "aliases", alias), AliasEvent, {"at": at and at.isoformat()}
        )

    def alias_history(self, model: str, alias: str) -> Listing[AliasEvent]:
        """Yield every move of an alias, newest first."""
        return self._items("/models" + below(model, "aliases", alias, "history"), AliasEvent)

    def lineage(
        self,
        kind: NodeKind,
        node_id: str,
        *,
        direction: Direction = Direction.BOTH,
        depth: int | None = None,
        limit: int | None = None,
    ) -> LineageGraph:
        """Return the causes of one thing, and what came of it.

        Parameters
        ----------
        node_id : str
            As `crispml_core.domain.lineage.NodeKind` says for the kind.
        depth, limit : int, optional
            How many edges to go, and how many nodes to return at most.
        """
        return self.connection.get(
            "/lineage" + below(kind.value, node_id),
            LineageGraph,
            {"direction": direction.value, "depth": depth, "limit": limit},
        )

    def reports(
        self, *, use_case: str | None = None, limit: int | None = None
    ) -> Listing[ReportInfo]:
        """Yield the reports of the service, newest first."""
        return self._items("/reports", ReportInfo, {"use_case": use_case}, limit=limit)

    def report_html(self, report_id: str) -> str:
        """Return a report as one self-contained HTML page."""
        path = self.report_path(report_id)
        return self.connection.request("GET", path, headers={"Accept": "text/html"}).text

    def report_csv(self, report_id: str) -> str:
        """Return the numbers of a report as one CSV table."""
        path = self.report_path(report_id)
        return self.connection.request("GET", path, headers={"Accept": "text/csv"}).text

    def report_url(self, report_id: str) -> str:
        """Return the address of the HTML page of a report, for a browser."""
        return f"{self.url}{self.report_path(report_id)}?format=html"

    @staticmethod
    def report_path(report_id: str) -> str:
        """Return the path of a report from the root of the service."""
        return API + "/reports" + below(report_id)

    def _items(
        self,
        path: str,
        kind: type[T],
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
    ) -> Listing[T]:
        """Return a list; at most `limit` items of it are yielded."""

        def read(size: int, cursor: str | None) -> PageOf[T]:
            found = self.connection.get(
                path, _Page, {**(params or {}), "limit": size, "cursor": cursor}
            )
            return PageOf(
                items=tuple(self._converted(item, kind) for item in found.items),
                next_cursor=found.next_cursor,
            )

        return Listing(read, limit)

    def _converted(self, item: msgspec.Raw, kind: type[T]) -> T:
        return self.connection.decode_bytes(bytes(item), kind)


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next_cursor: str | None = None


class _Readiness(msgspec.Struct):
    checks: dict[str, str]
