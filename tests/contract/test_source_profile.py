"""What a database says about the columns of a source is what the rows say."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sources.sql.profile import QUANTILES, profile_source
from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import parse
from crispml_core.domain.fields import Field
from crispml_core.domain.sources import Selection, SqlSource
from crispml_core.domain.targets import Target
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.conform import conform
from crispml_core.tables.profile import Profile
from tests.contract.source_world import fill, url

__all__ = ["url"]

ROWS = [
    {
        "id": f"C-{number:03d}",
        "region": None if number % 7 == 0 else number % 5,
        "age": number % 90,
        "charge": None if number % 11 == 0 else (number % 40) / 4,
        "score": number * 0.5,
        "city": "ab"[number % 2] * (1 + number % 3),
        "noted": None if number % 13 == 0 else datetime(2024, 1, 1) + timedelta(hours=number),
        "label": "yes" if number % 4 == 0 else "no",
    }
    for number in range(200)
]
NOTHING = {"md_regions": [], "md_events": []}
FIGURES = ("type", "missing", "distinct", "minimum", "maximum", "mean", "top")


def use_case(url: str) -> UseCase:
    return UseCase(
        name="profiled",
        target=Target("label", "binary", values=("no", "yes"), positive="yes"),
        record_key="id",
        fields=(
            Field("id", "string"),
            Field("age", "integer"),
            Field("region", "integer", nullable=True, privacy="pseudonymise"),
            Field("charge", "number", nullable=True),
            Field("city", "category", values=("a", "aa", "aaa", "b", "bb", "bbb")),
            Field("noted", "datetime", nullable=True),
        ),
        source=SqlSource(url=url, table="md_customers"),
        algorithms=(Algorithm(name="none", curate=dict, estimator=dict),),
    )


@pytest.mark.parametrize("where", [None, "age > 30 and region != 2", "age > 900"])
def test_the_database_finds_the_figures_of_the_rows(url: str, where: str | None) -> None:
    fill(url, NOTHING | {"md_customers": ROWS})
    case = use_case(url)
    source = build_source(case, {})
    assert isinstance(source, SqlRecordSource)
    selection = Selection(where=None if where is None else parse(where))
    found = profile_source(source, case, selection)
    fields = (*case.fields, case.target.field)
    read = [conform(batch, fields)[0] for batch in source.read(selection)]
    expected = Profile()
    for batch in read:
        expected.update(batch)
    rows = pa.Table.from_batches(read)
    assert found["rows"] == rows.num_rows
    for name, figures in expected.result().items():
        column: dict[str, Any] = found["columns"][name]
        if name in ("region", "id"):
            assert column.keys() == {"type", "missing", "distinct", "distinct_is_exact"}
            figures = {key: figures[key] for key in ("type", "missing", "distinct")}
        for figure in FIGURES:
            if figure == "mean" and figures.get("mean") is not None:
                assert column["mean"] == pytest.approx(figures["mean"], rel=1e-12)
            else:
                assert column.get(figure) == figures.get(figure), (name, figure)
        if name in ("age", "charge"):
            values = sorted(rows.column(name).drop_null().to_pylist())
            wanted = [
                values[max(1, math.ceil(share * len(values))) - 1] if values else None
                for share in QUANTILES
            ]
            assert list(column["quantiles"].values()) == wanted


def test_a_sample_is_profiled_as_it_would_be_read(url: str) -> None:
    fill(url, NOTHING | {"md_customers": ROWS})
    case = use_case(url)
    source = build_source(case, {})
    assert isinstance(source, SqlRecordSource)
    selection = Selection(sample=0.3, seed=5)
    read = sum(batch.num_rows for batch in source.read(selection))
    told = source.explain(selection)
    if told.while_reading:
        with pytest.raises(InvalidInput, match="knows no hash"):
            profile_source(source, case, selection)
    else:
        assert profile_source(source, case, selection)["rows"] == read
