from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crispml_console.pages.truth.imports import verdicts
from crispml_console.pages.truth.pasted import pasted
from crispml_console.parts.file_formats import format_of
from crispml_core.client import LabelAnswer, LabelRow, Verdict

CSV = b'record_key,label\r\nA-1,good\r\nA-2,"bad, very"\r\n'


@pytest.mark.parametrize(
    "text",
    [
        'record_key,label\nA-1,good\nA-2,"bad, very"',
        'record_key;label\r\nA-1; good\r\nA-2;"bad, very"\r\n',
        "\n record_key\tlabel\nA-1\tgood\n\nA-2\tbad, very\n",
    ],
)
def test_rows_of_a_spreadsheet_or_of_any_csv_are_read(text):
    assert pasted(text) == (CSV, "text/csv")


def test_json_is_left_as_it_is():
    one = '{"record_key": "A-1", "label": "good"}'
    assert pasted(f"[{one}]") == (f"[{one}]".encode(), "application/json")
    assert pasted(f"{one}\n{one}")[1] == "application/x-ndjson"


@pytest.mark.parametrize(("text", "said"), [("  \n", "paste some rows"), ("label", "below it")])
def test_nothing_to_import_is_said(text, said):
    with pytest.raises(ValueError, match=said):
        pasted(text)


def test_what_needs_somebody_stands_first_among_the_verdicts():
    kinds = [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.UNKNOWN, Verdict.SUPERSEDED]
    answer = LabelAnswer(
        import_id="i",
        use_case="credit",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        counts={kind.value: 1 for kind in kinds},
        row_count=4,
        rows=tuple(LabelRow(row=row, verdict=kind) for row, kind in enumerate(kinds)),
    )

    body = str(verdicts(answer)).partition("<tbody>")[2]

    order = [body.index(f">{kind}<") for kind in ("unknown", "superseded", "duplicate", "accepted")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.CSV", ("text/csv", None)),
        ("a.b.ndjson.zst", ("application/x-ndjson", "zstd")),
        ("a.parquet", ("application/vnd.apache.parquet", None)),
    ],
)
def test_the_name_of_a_file_says_what_it_is(name, found):
    assert format_of(name) == found


@pytest.mark.parametrize("name", ["a", "a.gz", "a.xlsx"])
def test_a_file_of_another_kind_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=r"must end with one of \.csv"):
        format_of(name)
