from __future__ import annotations

import errno
import json
import os
import signal

import pytest

from crispml_core.adapters.journal import frame_file
from crispml_core.adapters.journal.errors import sentence
from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.domain.errors import StoreUnavailable


def adopted(path):
    file = FrameFile.adopt(path)
    assert file is not None
    payloads = list(file.frames())
    file.close()
    return payloads


def test_what_was_appended_is_read_by_the_next_process(path, written):
    written(b"a", b"", b"c" * 100_000)

    assert adopted(path) == [b"a", b"", b"c" * 100_000]


def test_a_reader_sees_what_was_acknowledged_when_it_began(path):
    file = FrameFile.create(path)
    file.append(b"a")
    reading = file.frames()
    assert next(reading) == b"a"
    file.append(b"b")

    assert list(reading) == []
    assert list(file.frames()) == [b"a", b"b"]
    file.close()


def test_a_frame_is_forced_to_the_volume_before_it_is_acknowledged(path, monkeypatch):
    file = FrameFile.create(path)
    sizes = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: sizes.append(os.fstat(fd).st_size))

    file.append(b"a")

    assert sizes == [path.stat().st_size]
    file.close()


def test_a_file_that_is_open_cannot_be_taken_over(path):
    file = FrameFile.create(path)
    assert FrameFile.adopt(path) is None
    file.close()

    first = FrameFile.adopt(path)
    assert FrameFile.adopt(path) is None
    first.remove()
    assert FrameFile.adopt(path) is None


def test_a_file_that_was_removed_while_somebody_waited_for_it_is_not_taken_over(path, monkeypatch):
    FrameFile.create(path).close()
    monkeypatch.setattr(frame_file.fcntl, "flock", lambda *_: path.unlink())

    assert FrameFile.adopt(path) is None


def test_a_name_is_used_once(path):
    FrameFile.create(path).close()

    with pytest.raises(StoreUnavailable, match="CRISPML_JOURNAL__PATH"):
        FrameFile.create(path)


def test_damage_is_kept_beside_the_file_and_counted(path, written):
    content = bytearray(written(b"aaaa", b"bbbb", b"cccc"))
    content[content.index(b"bbbb")] ^= 1
    path.write_bytes(content)

    file = FrameFile.adopt(path)
    assert list(file.frames()) == [b"aaaa", b"cccc"]
    assert list(file.frames()) == [b"aaaa", b"cccc"]
    assert file.damaged_bytes == len(content) // 3
    file.remove()

    damaged = path.with_name("w.journal.damaged")
    assert damaged.read_bytes() == bytes(content[len(content) // 3 : 2 * len(content) // 3])
    assert not path.exists()


def test_a_cleared_file_goes_on(path):
    file = FrameFile.create(path)
    file.append(b"a")
    file.clear()
    assert list(file.frames()) == []
    file.append(b"b")
    file.close()

    assert adopted(path) == [b"b"]


def test_a_failed_append_leaves_nothing_and_the_next_one_counts(path, monkeypatch):
    file = FrameFile.create(path)
    file.append(b"a")
    size = path.stat().st_size

    def fail(_descriptor):
        raise OSError(errno.EIO, "secret")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(StoreUnavailable, match="CRISPML_JOURNAL__PATH") as caught:
            file.append(b"lost")

    assert "secret" not in caught.value.message
    assert path.stat().st_size == size
    file.append(b"b")
    assert list(file.frames()) == [b"a", b"b"]
    file.close()


def test_a_volume_that_takes_a_part_at_a_time_gets_everything(path, monkeypatch):
    first, write = os.pwritev, os.pwrite
    monkeypatch.setattr(os, "pwritev", lambda fd, parts, place: first(fd, [parts[0][:7]], place))
    monkeypatch.setattr(os, "pwrite", lambda fd, data, place: write(fd, data[:5], place))
    file = FrameFile.create(path)

    file.append(b"abcdefghijklmnopqrstuvwxyz")

    assert list(file.frames()) == [b"abcdefghijklmnopqrstuvwxyz"]
    file.close()


LIMITED = """
import json, pathlib, resource, sys
from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.domain.errors import StoreUnavailable

resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
file = FrameFile.create(pathlib.Path(sys.argv[1]))
taken = 0
try:
    while True:
        file.append(b"x" * 300)
        taken += 1
except StoreUnavailable as error:
    message = error.message
file.append(b"small")
print(json.dumps([taken, message, [len(frame) for frame in file.frames()]]))
"""


def test_a_full_volume_is_reported_and_what_it_took_is_whole(path, start_child):
    out, _ = start_child(LIMITED, path).communicate(timeout=60)
    taken, message, frames = json.loads(out)

    assert message.startswith("the volume of the journal is full")
    assert "CRISPML_JOURNAL__PATH" in message
    assert taken == 6
    assert frames == [300] * 6 + [5]


@pytest.mark.parametrize(
    ("code", "what"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "read-only"), (errno.ENOTDIR, "missing")],
)
def test_a_volume_that_cannot_be_written_is_reported(path, monkeypatch, code, what):
    def fail(*_arguments):
        raise OSError(code, "text", "/secret/place")

    path.parent.mkdir()
    monkeypatch.setattr(os, "open", fail)

    with pytest.raises(StoreUnavailable, match=f"{what}.*CRISPML_JOURNAL__PATH") as caught:
        FrameFile.create(path)

    assert "secret" not in caught.value.message


def test_an_unknown_error_is_named_by_its_code():
    assert "ESTALE" in sentence(OSError(errno.ESTALE, "text", "/secret/place"))


APPEND = """
import pathlib, sys
from crispml_core.adapters.journal.frame_file import FrameFile

file = FrameFile.create(pathlib.Path(sys.argv[1]))
number = 0
while True:
    file.append(b"%d " % number * 50)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("after", [0, 3, 11])
def test_what_a_killed_process_acknowledged_is_there(path, start_child, after):
    child = start_child(APPEND, path)
    for _ in range(after + 1):
        line = child.stdout.readline()
    assert FrameFile.adopt(path) is None, "its process lives"

    child.send_signal(signal.SIGKILL)
    # Not by `communicate`, which reads past what `readline` took into its buffer beforehand.
    rest = child.stdout.read()

    acknowledged = int((line + rest).split()[-1]) + 1
    frames = adopted(path)
    assert frames == [b"%d " % number * 50 for number in range(len(frames))]
    assert len(frames) in (acknowledged, acknowledged + 1)
