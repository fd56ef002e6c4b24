"""What all dashboards have in common: times, links to each other, variables, annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import dashboard, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import dashboard as d

from scripts.dashboards.panels import PROMETHEUS

TAG = "crispml"
# The provisioned sources; in a Grafana with others they are chosen at the top of the page.
SOURCES = {"prometheus": "crispml-prometheus", "influxdb": "crispml-influxdb"}

Panel = timeseries.Panel | stat.Panel | statetimeline.Panel
Rows = Mapping[str, Sequence[Panel]]


class Moves(d.AnnotationQuery):
    """Marks in time where an expression has a value, with a text of its labels.

    The SDK does not know what Grafana's source for Prometheus keeps with an annotation.
    """

    def __init__(self, name: str, expr: str, title: str, text: str) -> None:
        super().__init__(name=name, datasource=PROMETHEUS, expr=expr, icon_color="purple")
        self._title, self._text = title, text

    def to_json(self) -> dict[str, object]:
        """Return what stands in the file."""
        texts = {"titleFormat": self._title, "textFormat": self._text, "step": "30s"}
        return {**super().to_json(), **texts}


class _Built(dashboard.AnnotationQuery):
    """An annotation that is complete, for a builder that wants builders."""

    def __init__(self, annotation: d.AnnotationQuery) -> None:
        self._internal = annotation


def assemble(
    uid: str,
    title: str,
    about: str,
    rows: Rows,
    variables: Sequence[dashboard.QueryVariable],
    *,
    sources: Sequence[str] = ("prometheus",),
    annotations: Sequence[d.AnnotationQuery] = (),
    span: str = "now-1h",
    refresh: str = "30s",
) -> d.Dashboard:
    """Put a dashboard together; panels lie side by side in the order given.

    Parameters
    ----------
    span : str
        Where the time begins that is shown at first.
    """
    builder = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags([TAG])
        .timezone("utc")
        .time(span, "now")
        .refresh(refresh)
        .tooltip(d.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables([*(_source(kind) for kind in sources), *variables])
        .annotations([_Built(annotation) for annotation in annotations])
        .link(
            dashboard.DashboardLink("CrispML")
            .type(d.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(True)
        )
    )
    number = 0
    for name, panels in rows.items():
        number += 1
        builder.with_row(dashboard.Row(name).id(number))
        for panel in panels:
            number += 1
            builder.with_panel(panel.id(number))
    return builder.build()


def variable(
    name: str, label: str, query: str, *, several: bool = True, source: d.DataSourceRef = PROMETHEUS
) -> dashboard.QueryVariable:
    """Let the reader choose: one value, or several with all at first."""
    chosen = "All" if several else ""
    builder = (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(source)
        .refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(d.VariableSort.ALPHABETICAL_ASC)
        .multi(several)
        .include_all(several)
    )
    if several:
        builder.current(d.VariableOption(text=[chosen], value=["$__all"], selected=True))
    return builder


def _source(kind: str) -> dashboard.DatasourceVariable:
    label = {"prometheus": "Prometheus", "influxdb": "InfluxDB"}[kind]
    uid = SOURCES[kind]
    return (
        dashboard.DatasourceVariable(kind)
        .label(label)
        .type(kind)
        .current(d.VariableOption(text=label, value=uid, selected=True))
    )
