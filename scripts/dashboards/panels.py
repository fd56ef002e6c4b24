"""Panels in one style: what each looks like is decided here, what it shows in the dashboards."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.builders import statetimeline as states_builder
from grafana_foundation_sdk.builders import timeseries as lines_builder
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d

from scripts.dashboards.influxql import InfluxQuery

PROMETHEUS = d.DataSourceRef("prometheus", "${prometheus}")
INFLUXDB = d.DataSourceRef("influxdb", "${influxdb}")
# Prometheus reads the services this often; a finer line would be invented.
MIN_INTERVAL = "15s"
GREEN, YELLOW, RED = "green", "yellow", "red"

_Panel = TypeVar("_Panel", lines_builder.Panel, stat_builder.Panel, states_builder.Panel)


@dataclass(frozen=True, slots=True)
class Prom:
    """A query of Prometheus.

    Parameters
    ----------
    legend : str
        ``{{label}}`` stands for the value of a label.
    """

    query: str
    legend: str


@dataclass(frozen=True, slots=True)
class Influx:
    """A query of InfluxDB; in the legend ``$tag_name`` stands for the value of a tag."""

    query: str
    legend: str


Query = Prom | Influx


def lines(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    limits: Mapping[float, str] | None = None,
    stacked: bool = False,
    most: float | None = None,
) -> lines_builder.Panel:
    """Draw lines over time; where there is no number, there is no line.

    Parameters
    ----------
    about : str
        What it answers, for who has not seen it before.
    limits : mapping, optional
        Colours from a value on; drawn as dashed lines.
    most : float, optional
        The largest value there can be.
    """
    panel = _common(lines_builder.Panel(), title, about, unit, queries, width, 8)
    panel = (
        panel.min(0)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(c.VisibilityMode.AUTO)
        .span_nulls(False)
        .legend(
            common.VizLegendOptions()
            .display_mode(c.LegendDisplayMode.TABLE)
            .placement(c.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "max", "lastNotNull"])
        )
        .tooltip(
            common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL).group("A"))
    if most is not None:
        panel.max(most)
    if limits:
        panel.thresholds(_thresholds(limits)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(c.GraphTresholdsStyleMode.DASHED)
        )
    return panel


def number(
    title: str,
    about: str,
    unit: str,
    query: Query,
    *,
    width: int = 4,
    limits: Mapping[float, str] | None = None,
    words: Mapping[str, str] | None = None,
    decimals: int | None = None,
) -> stat_builder.Panel:
    """Show the newest number.

    Parameters
    ----------
    words : mapping, optional
        What is said in place of a number.
    """
    panel = _common(stat_builder.Panel(), title, about, unit, (query,), width, 4)
    panel = (
        panel.thresholds(_thresholds(limits or {}))
        .color_mode(c.BigValueColorMode.VALUE)
        .graph_mode(c.BigValueGraphMode.NONE if words else c.BigValueGraphMode.AREA)
        .no_value("none")
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    if decimals is not None:
        panel.decimals(decimals)
    if words:
        panel.mappings([_mapping(words)])
    return panel


def states(
    title: str,
    about: str,
    query: Query,
    words: Mapping[str, str],
    limits: Mapping[float, str],
    *,
    width: int = 8,
) -> states_builder.Panel:
    """Show what was the case, as a bar over time for each series."""
    panel = _common(states_builder.Panel(), title, about, "none", (query,), width, 8)
    return (
        panel.thresholds(_thresholds(limits))
        .color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.THRESHOLDS))
        .mappings([_mapping(words)])
        .show_value(c.VisibilityMode.AUTO)
        .row_height(0.9)
        .legend(
            common.VizLegendOptions()
            .display_mode(c.LegendDisplayMode.LIST)
            .placement(c.LegendPlacement.BOTTOM)
            .show_legend(False)
            .calcs([])
        )
    )


def _common(
    panel: _Panel,
    title: str,
    about: str,
    unit: str,
    queries: Sequence[Query],
    width: int,
    height: int,
) -> _Panel:
    kinds = {type(query) for query in queries}
    assert len(kinds) == 1, f"{title}: one source per panel"
    source = INFLUXDB if kinds == {Influx} else PROMETHEUS
    panel.title(title).description(about).unit(unit).datasource(source)
    panel.span(width).height(height).interval(MIN_INTERVAL)
    for ref, query in zip(string.ascii_uppercase, queries, strict=False):
        if isinstance(query, Influx):
            panel.with_target(InfluxQuery(query.query, query.legend, ref))
        else:
            panel.with_target(
                prometheus.Dataquery()
                .expr(query.query)
                .legend_format(query.legend)
                .ref_id(ref)
                .range()
                .exemplar(False)
            )
    return panel


def _thresholds(limits: Mapping[float, str]) -> dashboard.ThresholdsConfig:
    steps = [d.Threshold(None, GREEN)]
    steps += [d.Threshold(value, colour) for value, colour in sorted(limits.items())]
    return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(steps)


def _mapping(words: Mapping[str, str]) -> d.ValueMap:
    return d.ValueMap({value: d.ValueMappingResult(text=text) for value, text in words.items()})
