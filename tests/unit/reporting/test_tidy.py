import csv
import io

import pytest

from crispml_core.reporting.tidy import COLUMNS, render_table


def rows(content):
    return list(csv.DictReader(io.StringIO(render_table(content))))


def one(table, section, group, name):
    (found,) = [
        row
        for row in table
        if (row["section"], row["group"], row["name"]) == (section, group or "", name)
    ]
    return found


ALL = pytest.mark.parametrize("kind", ["evaluation", "verification", "empty"])


@ALL
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_kpi_stands_in_the_table_with_all_its_digits(contents, kind, task):
    content = contents[kind, task]
    table = rows(content)
    assert set(table[0]) == set(COLUMNS)
    for name, found in content["kpis"].items():
        row = one(table, "kpis", None, name)
        for part in ("value", "low", "high"):
            assert row[part] == ("" if found[part] is None else repr(found[part]))


def test_a_row_says_of_what_and_of_how_many_records_it_is(contents):
    content = contents["verification", "binary"]
    table = rows(content)
    (shown,) = [g for g in content["segments"]["town"]["groups"] if g["group"] == "東京"]
    row = one(table, "segments", "town=東京", "accuracy")
    assert (row["n"], row["value"]) == (
        str(shown["n"]),
        repr(shown["kpis"]["accuracy"]["value"]),
    )
    hidden = [r for r in table if r["section"] == "segments" and r["note"] == "not shown"]
    assert {row["n"] for row in hidden} <= {"<30", "withheld"}
    assert all(row["value"] == "" for row in hidden)
    assert one(table, "labels", None, "scored")["value"] == str(content["scored"])


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\uff1d1"])
def test_no_name_from_the_data_becomes_a_formula(contents, name):
    content = contents["verification", "binary"]
    version = dict(content["versions"][0], version=name)
    table = rows(content | {"versions": [version]})
    groups = {row["group"] for row in table if row["section"] == "versions"}
    assert groups == {f"'{name}"}
