"""InfluxQL over the points that the services write; InfluxDB 1, 2 and 3 understand it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

from scripts.dashboards.registered import UnknownMetric


@dataclass(frozen=True, slots=True)
class Measurement:
    """A kind of points.

    Parameters
    ----------
    tags : tuple of str
        What points are told apart and grouped by.
    fields : tuple of str
        What is measured.
    """

    name: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]


def select(
    measurement: Measurement,
    field: str,
    *functions: str,
    by: Iterable[str] = (),
    where: Mapping[str, str] | None = None,
    fill: str = "none",
) -> str:
    """Aggregate a field over time.

    Parameters
    ----------
    *functions : str
        From the inside to the outside, for example ``"percentile({}, 95)"``.
    by : iterable of str
        Tags.
    where : mapping, optional
        The value of a tag; a value in slashes is a regular expression.
    fill : str
        What an interval without points is: ``none`` or a number.
    """
    tags = tuple(by)
    chosen = {"environment": "/^$environment$/"} if "environment" in measurement.tags else {}
    where = {**chosen, **(where or {})}
    for asked, known in (((field,), measurement.fields), ((*tags, *where), measurement.tags)):
        unknown = sorted(set(asked) - set(known))
        if unknown:
            raise UnknownMetric(f"{measurement.name} has no {', '.join(unknown)}")
    selected = f'"{field}"'
    for function in functions:
        selected = function.format(selected)
    conditions = [_condition(tag, value) for tag, value in where.items()]
    groups = ", ".join(["time($__interval)", *(f'"{tag}"' for tag in tags)])
    return (
        f'SELECT {selected} FROM "{measurement.name}" '  # noqa: S608 - Grafana sends it, and the names are ours
        f"WHERE {' AND '.join([*conditions, '$timeFilter'])} GROUP BY {groups} fill({fill})"
    )


def tag_values(measurement: Measurement, tag: str) -> str:
    """Return the query of a variable: the values of a tag."""
    if tag not in measurement.tags:
        raise UnknownMetric(f"{measurement.name} has no {tag}")
    return f'SHOW TAG VALUES FROM "{measurement.name}" WITH KEY = "{tag}"'


def _condition(tag: str, value: str) -> str:
    is_pattern = value.startswith("/")
    return f'"{tag}" =~ {value}' if is_pattern else f"\"{tag}\" = '{value}'"


class InfluxQuery(Builder[Dataquery], Dataquery):
    """A query as Grafana's source for InfluxDB keeps it; the SDK has none.

    Parameters
    ----------
    legend : str
        ``$tag_<name>`` stands for the value of a tag.
    """

    def __init__(self, query: str, legend: str, ref: str) -> None:
        self._query, self._legend, self._ref = query, legend, ref

    def build(self) -> Dataquery:
        """Return the query."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what stands in the file."""
        return {
            "refId": self._ref,
            "query": self._query,
            "rawQuery": True,
            "resultFormat": "time_series",
            "alias": self._legend,
        }
