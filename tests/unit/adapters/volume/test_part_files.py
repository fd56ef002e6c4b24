"""Parts of a work on their way: whole or not there, and gone afterwards."""

import pyarrow as pa
import pytest

from crispml_core.adapters.volume.part_files import VolumePartFiles


def rows(first):
    return pa.record_batch({"x": pa.array([first, first + 1])})


@pytest.fixture
def files(tmp_path):
    return VolumePartFiles(tmp_path)


def test_a_part_comes_back_in_its_batches_and_is_gone(files, tmp_path):
    place = files.start("run-1")
    assert place.startswith("run-1.")  # so that a sweep knows whose it is
    files.write(place, 3, [rows(1), rows(3)])
    assert list(files.take(place, 3)) == [rows(1), rows(3)]
    assert list((tmp_path / ".staging" / place).iterdir()) == []


def test_a_part_that_is_written_twice_is_there_once(files, tmp_path):
    place = files.start("run-1")
    files.write(place, 0, [rows(1)])
    files.write(place, 0, [rows(1)])
    assert len(list((tmp_path / ".staging" / place).iterdir())) == 1
    assert list(files.take(place, 0)) == [rows(1)]


def test_a_part_that_fails_leaves_nothing(files, tmp_path):
    def broken():
        yield rows(1)
        raise RuntimeError("no more")

    place = files.start("run-1")
    with pytest.raises(RuntimeError):
        files.write(place, 0, broken())
    assert list((tmp_path / ".staging" / place).iterdir()) == []


def test_a_place_is_discarded_with_what_nobody_took(files, tmp_path):
    place = files.start("run-1")
    files.write(place, 0, [rows(1)])
    files.discard(place)
    assert list((tmp_path / ".staging").iterdir()) == []
