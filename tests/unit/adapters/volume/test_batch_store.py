"""Sources, sinks and the work of batches on a volume."""

import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.volume import batch_input
from crispml_core.adapters.volume.batch_names import place_below
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.domain.batches import BatchManifest, BatchPlan
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict, InvalidInput, MalformedContent, StoreUnavailable

GROUP = "01930000-0000-7000-8000-abcdef000000"


@pytest.fixture
def store(tmp_path):
    return VolumeBatchStore(tmp_path)


def table(first, rows, texts=("a", "b")):
    names = [texts[number % len(texts)] for number in range(first, first + rows)]
    return pa.table({"id": list(range(first, first + rows)), "name": names})


def ids(batches):
    return [batch.column("id").to_pylist() for batch in batches]


@pytest.mark.parametrize("start", [0, 1, 6, 7, 13, 20, 22])
@pytest.mark.parametrize("rows", [1, 4, 7, 100])
def test_batches_have_the_same_rows_whatever_the_row_groups_are(store, tmp_path, start, rows):
    pq.write_table(table(0, 23), tmp_path / "in.parquet", row_group_size=7)
    source = store.open_source("in.parquet")
    assert (source.rows, source.names) == (23, ["id", "name"])
    expected = [list(range(at, min(at + rows, 23))) for at in range(start, 23, rows)]
    assert ids(source.batches(rows, start=start)) == expected


@pytest.mark.parametrize("stop", [7, 8, 20, 23, 50])
@pytest.mark.parametrize("start", [0, 3, 7])
def test_batches_end_where_they_shall(store, tmp_path, start, stop):
    pq.write_table(table(0, 23), tmp_path / "in.parquet", row_group_size=7)
    found = ids(store.open_source("in.parquet").batches(4, start=start, stop=stop))
    assert [number for batch in found for number in batch] == list(range(start, min(stop, 23)))
    assert {len(batch) for batch in found[:-1]} <= {4}


def test_what_is_behind_the_wanted_records_is_not_read(store, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_input, "_READ_ROWS", 100)
    path = tmp_path / "in.parquet"
    pq.write_table(table(0, 5000), path, row_group_size=500, compression="zstd")
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 2000] = bytes(2000)
    path.write_bytes(content)
    source = store.open_source("in.parquet")
    assert len(ids(source.batches(100, stop=1500))) == 15
    with pytest.raises(MalformedContent):
        list(source.batches(100))


def test_a_file_has_the_same_stamp_wherever_it_is_opened(store, tmp_path):
    pq.write_table(table(0, 20), tmp_path / "in.parquet")
    stamps = store.open_source("in.parquet").stamps()
    shutil.copy2(tmp_path / "in.parquet", tmp_path / "copy.parquet")
    assert store.open_source("copy.parquet").stamps() == stamps
    os.utime(tmp_path / "copy.parquet", ns=(1, 1))
    assert store.open_source("copy.parquet").stamps() != stamps


def test_a_folder_is_read_in_the_order_of_its_names(store, tmp_path):
    (tmp_path / "in").mkdir()
    pq.write_table(table(10, 5, ("c", "d")), tmp_path / "in" / "b.parquet")
    pq.write_table(table(0, 10), tmp_path / "in" / "a.parquet")
    (tmp_path / "in" / "_SUCCESS.parquet").touch()
    (tmp_path / "in" / ".hidden.parquet").touch()
    source = store.open_source("in")
    assert ids(source.batches(8)) == [list(range(8)), list(range(8, 15))]
    assert ids(source.batches(8, start=12)) == [[12, 13, 14]]
    (second,) = source.batches(100, repeating=["name"])
    assert pa.types.is_dictionary(second.column("name").type)
    assert second.column("name").to_pylist() == ["a", "b"] * 5 + ["c", "d"] * 2 + ["c"]
    assert [file.name for file in source.identity()] == ["a.parquet", "b.parquet"]


def test_files_with_other_columns_are_no_source(store, tmp_path):
    (tmp_path / "in").mkdir()
    pq.write_table(table(0, 2), tmp_path / "in" / "a.parquet")
    pq.write_table(table(0, 2).drop_columns(["name"]), tmp_path / "in" / "b.parquet")
    with pytest.raises(MalformedContent, match="same columns"):
        store.open_source("in")


def test_a_source_that_changes_after_it_was_opened_is_refused(store, tmp_path):
    pq.write_table(table(0, 20), tmp_path / "in.parquet")
    source = store.open_source("in.parquet")
    batches = source.batches(5)
    next(batches)
    pq.write_table(table(0, 20), tmp_path / "new.parquet")
    os.replace(tmp_path / "new.parquet", tmp_path / "in.parquet")
    with pytest.raises(Conflict, match="source"):
        list(batches)
    with pytest.raises(Conflict, match="source"):
        source.identity()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1", b"a,b\n1,2\n"])
def test_bytes_that_are_no_parquet_are_refused(store, tmp_path, content):
    (tmp_path / "in.parquet").write_bytes(content)
    with pytest.raises(MalformedContent):
        store.open_source("in.parquet")


def test_damage_inside_a_file_is_refused(store, tmp_path):
    pq.write_table(table(0, 5000), tmp_path / "in.parquet", compression="zstd")
    content = bytearray((tmp_path / "in.parquet").read_bytes())
    content[20:60] = bytes(40)
    (tmp_path / "in.parquet").write_bytes(content)
    with pytest.raises(MalformedContent):
        list(store.open_source("in.parquet").batches(100))


@pytest.mark.parametrize("name", ["none.parquet", "empty", "empty/none.parquet"])
def test_a_source_that_is_not_there_is_refused(store, tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"source\.parquet"):
        store.open_source(name)


UP = ["..", "../a", "a/..", "a/../../b", "./a", "/a", "a\\b"]
HIDDEN = [".work", "a/.b"]
ODD = ["", "a//b", "a/", "a\0b", "a\nb", "x" * 1001, "y" * 256]


@pytest.mark.parametrize("name", [*UP, *HIDDEN, *ODD])
def test_a_name_that_is_no_plain_relative_path_is_refused(tmp_path, name):
    with pytest.raises(InvalidInput, match=r"^what "):
        place_below(tmp_path, name, "what")


def test_links_may_not_lead_out(store, tmp_path):
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    pq.write_table(table(0, 2), tmp_path / "secret" / "a.parquet")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in" / "a.parquet").symlink_to(tmp_path / "secret" / "a.parquet")
    (root / "circle").symlink_to(root / "circle")
    (root / "self").symlink_to(root)
    store = VolumeBatchStore(root)
    for name in ("out", "out/a.parquet", "in/a.parquet", "circle", "self"):
        with pytest.raises(InvalidInput) as caught:
            store.open_source(name)
        assert str(tmp_path) not in caught.value.message
    with pytest.raises(MalformedContent, match="leads out"):
        store.open_source("in")
    for name in ("out/scores", "circle/scores", "self"):
        with pytest.raises(InvalidInput):
            store.check_sink(name)


def manifest(run_id="r1"):
    facts = {"use_case": "toy", "model": "toy", "version": "v1", "alias": None, "fallback": False}
    return BatchManifest(run_id=run_id, rows=3, first_score_id="a", last_score_id="b", **facts)


def test_a_sink_is_seen_when_it_is_complete_and_not_before(store, tmp_path):
    work = store.work("r1")
    part = work.write_part(0, GROUP, table(0, 3))
    assert sorted(os.listdir(tmp_path)) == [".work"]
    assert store.manifest("scores/1") is None
    assert (work.numbers(), work.part(0), work.part(1)) == ([0], part, None)
    assert (part.name, part.rows, part.group_id) == ("part-000000.parquet", 3, GROUP)

    work.publish("scores/1", manifest())
    work.remove()
    assert sorted(os.listdir(tmp_path / "scores" / "1")) == ["manifest.json", "part-000000.parquet"]
    assert store.manifest("scores/1") == manifest()
    assert sorted(os.listdir(tmp_path)) == ["scores"]
    work.remove()


def test_a_sink_that_is_taken_is_not_touched(store, tmp_path):
    (tmp_path / "scores").mkdir()
    store.check_sink("scores")
    (tmp_path / "scores" / "mine").touch()
    with pytest.raises(Conflict, match="sink"):
        store.check_sink("scores")
    work = store.work("r1")
    work.write_part(0, GROUP, table(0, 3))
    with pytest.raises(Conflict, match="sink"):
        work.publish("scores", manifest())
    assert os.listdir(tmp_path / "scores") == ["mine"]
    for name in ("scores/mine", "scores/mine/below"):
        with pytest.raises(Conflict, match="sink"):
            store.check_sink(name)


def test_a_part_that_was_being_written_does_not_count(store, tmp_path):
    work = store.work("r1")
    work.write_part(0, GROUP, table(0, 3))
    (tmp_path / ".work" / "r1" / "abcdef").write_bytes(b"PAR1")
    assert store.work("r1").numbers() == [0]
    assert store.work("r2").numbers() == []


def test_parts_may_have_gaps_between_them(store):
    work = store.work("r1")
    parts = {number: work.write_part(number, GROUP, table(0, 3)) for number in (7, 0, 1_000_000)}
    assert work.numbers() == [0, 7, 1_000_000]
    assert {number: work.part(number) for number in work.numbers()} == parts


def test_a_plan_comes_back(store):
    plan = BatchPlan(source=(StoredFile("a.parquet", 5, "d" * 64),), rows=7)
    assert store.work("r1").plan() is None
    store.work("r1").keep_plan(plan)
    assert store.work("r1").plan() == plan


def test_a_copy_is_there_whole_or_not_at_all(store, tmp_path):
    work, schema = store.work("r1"), table(0, 1).schema

    def cut():
        yield from table(0, 5).to_batches()
        raise StoreUnavailable("the database went away")

    with pytest.raises(StoreUnavailable, match="went away"):
        work.keep_input(schema, cut())
    assert not (tmp_path / ".work" / "r1" / "input.parquet").exists()
    work.keep_input(schema, table(0, 5).to_batches(2))
    assert ids(work.open_input().batches(10)) == [[0, 1, 2, 3, 4]]


def test_what_dead_runs_left_is_swept(store, tmp_path):
    for run_id in ("dead", "live"):
        store.work(run_id).write_part(0, GROUP, table(0, 3))
    assert store.sweep(lambda run_id: run_id == "live") == ["dead"]
    assert os.listdir(tmp_path / ".work") == ["live"]
    assert VolumeBatchStore(tmp_path / "none").sweep(lambda run_id: False) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_volume_that_is_read_only_says_so(store, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match="CRISPML_BATCH__PATH"):
        store.work("r1").write_part(0, GROUP, table(0, 3))


def test_a_volume_that_is_a_file_says_which_setting_to_look_at(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="CRISPML_BATCH__PATH"):
        VolumeBatchStore(tmp_path / "file").work("r1").write_part(0, GROUP, table(0, 3))
