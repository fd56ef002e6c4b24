"""Files of secrets: whole or not there, never replaced by accident, read by their owner only."""

from __future__ import annotations

import os

import pytest

from crispml_core.adapters.secret_files import (
    OthersCanRead,
    read_secret,
    replace_secret,
    write_new,
)


def test_a_new_file_is_for_its_owner_and_is_never_replaced(tmp_path):
    file = tmp_path / "secret"
    write_new(file, b"one")
    with pytest.raises(FileExistsError):
        write_new(file, b"two")
    assert read_secret(file) == b"one"
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secret"]


def test_a_write_that_fails_leaves_no_half_of_a_secret(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "no space left")

    write_new(tmp_path / "kept", b"before")
    monkeypatch.setattr("crispml_core.adapters.secret_files.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_new(tmp_path / "secret", b"content")
    with pytest.raises(OSError, match="no space"):
        replace_secret(tmp_path / "kept", b"after")
    assert os.listdir(tmp_path) == ["kept"]
    assert read_secret(tmp_path / "kept") == b"before"


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644, 0o700])
def test_what_others_can_read_or_change_is_not_read(tmp_path, mode):
    write_new(tmp_path / "secret", b"content")
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(OthersCanRead):
        read_secret(tmp_path / "secret")
