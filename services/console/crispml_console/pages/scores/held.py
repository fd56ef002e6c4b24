"""What is held about a person, and the certificate of an erasure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts import states
from crispml_console.parts.layout import badge, card, figure, grid
from crispml_console.parts.page import link
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import NONE, amount, moment, number, said, short

_SHOWN = 100
_Row = Mapping[str, Any]


def cards(found: _Row, download: TagChild) -> Iterator[Tag]:
    """Yield what is held about somebody, the first rows of each kind."""
    yield card(
        "Held",
        grid(
            figure("Scores", number(len(found["scores"]))),
            figure("Labels", number(len(found["labels"]))),
            figure("Rows of data sets", number(len(found["data_sets"]))),
            figure("Key", "destroyed", state="warn") if found["is_erased"] else None,
        ),
        facts(
            ("Name in the logs", short(found["subject_key_id"], 16)),
            ("Use cases searched", ", ".join(found["use_cases"])),
        ),
        aside=download,
    )
    if not (found["scores"] or found["labels"] or found["data_sets"]):
        yield card("Nothing is held", states.nothing("No use case knows a person of this name."))
    if found["scores"]:
        yield card("Scores", _listed("Scores of the person", _score_columns(), found["scores"]))
    if found["labels"]:
        yield card("Labels", _listed("Labels of the person", _label_columns(), found["labels"]))
    if found["data_sets"]:
        rows = Counter((row["use_case"], row["dataset_id"]) for row in found["data_sets"])
        columns = [
            Column[tuple[tuple[str, str], int]]("Use case", lambda row: row[0][0]),
            Column[tuple[tuple[str, str], int]]("Data set", lambda row: tags.code(row[0][1])),
            Column[tuple[tuple[str, str], int]]("Rows", lambda row: number(row[1]), is_number=True),
        ]
        yield card(
            "Data sets", table("Data sets with rows of the person", columns, [*rows.items()])
        )


def certificate(answer: _Row, download: TagChild) -> Tag:
    """Return the certificate of an erasure: what was destroyed, and what was not."""
    found = answer["certificate"]
    signature = found.get("signature")
    return tags.div(
        tags.div(
            tags.h3(
                "Erased" if answer["is_new"] else "Erased before; this is the first certificate"
            ),
            download,
            class_="row-between",
        ),
        facts(
            ("Erasure", tags.code(found["erasure_id"])),
            ("Erased", moment(datetime.fromisoformat(found["erased_at"]))),
            ("Requested by", found["requested_by"]),
            ("Reason", found["reason"]),
            ("Environment", found["environment"]),
            ("Name in the logs", short(found["subject_key_id"], 16)),
            ("Key made", moment(_moment(found["key_made_at"]))),
            ("Entry of the audit log", str(found["audit"]["sequence"])),
            ("Signed with key", short(signature["key_id"], 16) if signature else "not signed"),
            ("Files of the database", _files(answer["files_are_clean"])),
        ),
        None if found["key_made_at"] else tags.p(_NO_KEY, class_="notice"),
        _fields(found["use_cases"]),
        _data_sets(found["data_sets"]),
    )


_NO_KEY = (
    "The person had no key, so nothing was encrypted that could become unreadable. "
    "All values that are kept stay as they are."
)


def _files(are_clean: bool) -> TagChild:
    return badge("clean", "good") if are_clean else badge("see the guide to erasure", "warn")


def _fields(use_cases: Mapping[str, _Row]) -> TagChild:
    rows = [
        (name, policy, fields)
        for name, found in use_cases.items()
        for policy, fields in found["fields"].items()
    ]
    if not rows:
        return None
    columns = [
        Column[tuple[str, str, list[str]]]("Use case", lambda row: row[0]),
        Column[tuple[str, str, list[str]]]("Policy", lambda row: row[1]),
        Column[tuple[str, str, list[str]]]("Fields are now", lambda row: _became(row[1])),
        Column[tuple[str, str, list[str]]]("Fields", lambda row: ", ".join(row[2])),
    ]
    counted = [
        f"{name}: {amount(found['scores'], 'score')}, {amount(found['labels'], 'label')}"
        for name, found in use_cases.items()
    ]
    return TagList(tags.p("; ".join(counted)), table("Fields by policy", columns, rows))


def _became(policy: str) -> TagChild:
    return badge("unreadable", "good") if policy == "encrypt" else "as they were"


def _data_sets(found: list[_Row]) -> TagChild:
    if not found:
        return None
    columns = [
        Column[_Row]("Data set", lambda row: tags.code(row["id"])),
        Column[_Row]("Use case", lambda row: row["use_case"]),
        Column[_Row]("Stage", lambda row: row["stage"]),
        Column[_Row]("Rows", lambda row: number(row["rows"]), is_number=True),
        Column[_Row](
            "Now",
            lambda row: (
                badge("unreadable", "good")
                if row["ends_with_key"]
                else badge("still in clear", "warn")
            ),
        ),
    ]
    return table("Data sets with rows of the person", columns, found)


def _listed(caption: str, columns: list[Column[_Row]], rows: list[_Row]) -> TagList:
    more = len(rows) - _SHOWN
    return TagList(
        table(caption, columns, rows[:_SHOWN]),
        tags.p(f"and {number(more)} more, in the download", class_="quiet") if more > 0 else None,
    )


def _score_columns() -> list[Column[_Row]]:
    return [
        Column[_Row]("Use case", lambda row: row["score"]["use_case"]),
        Column[_Row](
            "Record",
            lambda row: tags.a(
                row["score"]["record_key"],
                href=link(
                    "scores", use_case=row["score"]["use_case"], score=row["score"]["score_id"]
                ),
            ),
        ),
        Column[_Row]("Scored", lambda row: moment(_moment(row["score"]["scored_at"]))),
        Column[_Row]("Prediction", lambda row: said(row["score"]["prediction"])),
        Column[_Row]("Shadow", lambda row: "yes" if row["is_shadow"] else ""),
    ]


def _label_columns() -> list[Column[_Row]]:
    return [
        Column[_Row]("Use case", lambda row: row["use_case"]),
        Column[_Row]("Record or score", lambda row: row["record_key"] or row["score_id"] or NONE),
        Column[_Row]("Truth", lambda row: said(row["value"])),
        Column[_Row]("Received", lambda row: moment(_moment(row["received_at"]))),
        Column[_Row]("Counts", lambda row: "yes" if row["is_current"] else "corrected"),
    ]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
