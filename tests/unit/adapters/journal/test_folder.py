from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crispml_core.adapters.journal import FileJournals
from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id

GROUP = ScoreGroup(
    group_id=new_group_id(),
    writer_id="w",
    sequence=7,
    use_case="credit",
    model="credit",
    version="v1",
    alias=None,
    created_at=datetime(2026, 3, 1, 12, 0, 0, 123456, UTC),
    classes=("bad", "gut ä", "x"),
    scores=ScoreRows(
        record_keys=["a", "b"],
        predictions=["bad", "x"],
        probabilities=[0.1 + 0.2, 1.0],
        segments=["{}", '{"sex":"f"}'],
        request_ids=["r-1", "r-2"],
        by_class=[(0.1 + 0.2, 0.5, 0.2), (0.0, 5e-324, 1.0)],
        details=[None, "{}"],
    ),
    inputs=bytes(range(256)),
    encoding=Encoding.ARROW,
    row_digests=bytes(64),
    root=bytes(32),
    previous_root=bytes(32),
    fallback=True,
)
NUMBERS = replace(
    GROUP,
    classes=(),
    scores=ScoreRows(
        record_keys=["a"],
        predictions=[3.0],
        probabilities=[None],
        segments=["{}"],
        request_ids=[""],
    ),
)
EVENT = ServingEvent(kind=EventKind.REFUSED, code="invalid_records", status=422, field="age")


@pytest.fixture
def journals(tmp_path):
    return FileJournals(tmp_path / "volume" / "journal")


def test_transactions_come_back_as_they_were_appended(journals):
    journal = journals.open()
    journal.append([GROUP, NUMBERS], [EVENT])
    journal.append([], [EVENT])
    journal.append([NUMBERS])

    found = list(journal.transactions())

    assert found == [([GROUP, NUMBERS], [EVENT]), ([], [EVENT]), ([NUMBERS], [])]
    group = found[0][0][1]
    assert type(group.scores.predictions[0]) is float
    assert type(found[0][0][0].encoding) is Encoding
    journal.close()


def test_journals_that_are_left_behind_are_taken_over_once(journals):
    mine, left = journals.open(), journals.open("left")
    left.append([GROUP])
    left.close()

    (orphan,) = journals.orphans()

    assert orphan.name == "left"
    assert list(journals.orphans()) == [], "somebody has it"
    assert list(orphan.transactions()) == [([GROUP], [])]
    orphan.remove()
    mine.close()
    assert [journal.name for journal in all_of(journals)] == [mine.name]


def all_of(journals):
    for journal in journals.orphans():
        journal.close()
        yield journal


def test_without_a_folder_nothing_is_left_behind(journals):
    assert list(journals.orphans()) == []


def test_what_stands_beside_the_journals_is_left_alone(journals, tmp_path):
    journals.open("a").close()
    folder = tmp_path / "volume" / "journal"
    for name in ("a.journal.damaged", ".b.journal", "notes.txt"):
        (folder / name).write_text("text")

    assert [journal.name for journal in all_of(journals)] == ["a"]


def test_a_journal_that_cannot_be_opened_does_not_hide_the_others(journals, monkeypatch):
    for name in ("a", "b", "c"):
        journals.open(name).close()
    adopt = FrameFile.adopt

    def damaged(path):
        if path.name == "a.journal":
            raise StoreUnavailable("a")
        return adopt(path)

    monkeypatch.setattr(FrameFile, "adopt", damaged)
    taken = all_of(journals)

    assert [next(taken).name, next(taken).name] == ["b", "c"]
    with pytest.raises(StoreUnavailable, match="a"):
        next(taken)


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "x" * 200])
def test_a_name_that_is_no_file_name_is_refused(journals, name):
    with pytest.raises(InvalidInput, match="name of a journal"):
        journals.open(name)


def test_what_this_release_cannot_read_stays(journals, tmp_path):
    folder = tmp_path / "volume" / "journal"
    journals.open("a").close()
    file = FrameFile.adopt(folder / "a.journal")
    file.append(b"\x81\xa1a\x01")
    file.close()

    (journal,) = journals.orphans()
    with pytest.raises(StoreUnavailable, match="another release"):
        list(journal.transactions())
    journal.close()
    assert os.path.getsize(folder / "a.journal") > 0


ADOPT = """
import pathlib, sys
from crispml_core.adapters.journal import FileJournals

journals = FileJournals(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
taken = list(journals.orphans())
print(*(journal.name for journal in taken), flush=True)
sys.stdin.readline()
"""


def test_of_two_processes_each_journal_goes_to_one(journals, tmp_path, start_child):
    names = [f"j{number:02}" for number in range(30)]
    for name in names:
        journals.open(name).close()
    children = [start_child(ADOPT, tmp_path / "volume" / "journal") for _ in range(2)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()

    taken = [child.stdout.readline().split() for child in children]

    assert sorted(taken[0] + taken[1]) == names
    children[0].send_signal(signal.SIGKILL)
    children[0].wait()
    assert sorted(journal.name for journal in all_of(journals)) == sorted(taken[0])
