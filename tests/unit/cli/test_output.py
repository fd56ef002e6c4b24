from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from crispml_core.cli.output import Output, text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_piped_table_is_one_line_per_row_and_never_cut(capsys):
    Output().table(("name", "rows"), [("x" * 200, 7), ("b", 12)], title="T")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "T"
    assert [line.split() for line in lines[1:]] == [
        ["name", "rows"],
        ["x" * 200, "7"],
        ["b", "12"],
    ]
    assert lines[2].endswith("   7")


def test_fractions_of_a_column_have_equally_many_decimals(capsys):
    Output().table(("kpi", "value"), [("auc", 0.7925), ("brier", 0.2), ("lift", None)])

    assert capsys.readouterr().out.splitlines() == [
        "kpi     value",
        "auc    0.7925",
        "brier  0.2000",
        "lift        -",
    ]


def test_a_table_without_rows_is_its_header(capsys):
    Output().table(("model", "versions"), [])

    assert capsys.readouterr().out == "model  versions\n"


def test_a_table_on_a_terminal_shows_every_cell_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())

    Output().table(("name", "rows"), [("[bold]a[/bold]", 7)])

    assert "[bold]a[/bold]" in sys.stdout.getvalue()


@pytest.mark.parametrize("command", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\r", "\b\b\b"])
def test_what_somebody_wrote_commands_no_terminal(monkeypatch, capsys, command):
    Output().facts([("reason", f"good{command}one")])
    Output().table(("reason",), [(f"good{command}one",)], title=command)
    shown = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdout", Terminal())
    Output().table(("reason",), [(f"good{command}one",)], title=command)
    for printed in (shown, sys.stdout.getvalue()):
        assert "good" in printed
        assert "one" in printed
        # Rich draws with commands of its own.
        assert command not in printed


def test_json_output_is_silent_but_for_the_value(capsys):
    out = Output(as_json=True)
    out.line("hello")
    out.table(("a",), [(1,)])
    out.facts([("a", 1)])

    assert out.emit({"at": datetime(2026, 1, 1, tzinfo=UTC), "nan": float("nan")})
    assert json.loads(capsys.readouterr().out) == {"at": "2026-01-01T00:00:00Z", "nan": None}


def test_progress_is_silent_in_a_pipe(capsys):
    with Output().progress("cycle") as report:
        report(0.5, "DataCuration")

    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_progress_is_drawn_beside_the_result_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")

    with Output().progress("cycle") as report:
        report(0.5, "DataCuration")

    assert "DataCuration" in sys.stderr.getvalue()
    assert sys.stdout.getvalue() == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (0.79312, "0.7931"),
        (2.0, "2"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"a": 1.5}, "a=1.5"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05 UTC"),
    ],
)
def test_values_read_as_a_person_writes_them(value, shown):
    assert text(value) == shown
